//! The words for 5xx: what was asked was fine, the answer failed.

use super::{Row, Text, say};

/// For a status without words of its own.
pub(super) const CLASS: [Text; 2] = [
    say(
        "Something went wrong here",
        "The fault is on our side, not yours.",
        "Try again in a moment.",
    ),
    say("Algo falló aquí", "La falla es nuestra, no suya.", "Inténtelo de nuevo en un momento."),
];

/// Every 5xx with words of its own.
pub(super) const ROWS: [Row; 7] = [
    (500, "Internal Server Error", CLASS),
    (
        501,
        "Not Implemented",
        [
            say(
                "This is not possible here",
                "The server does not know how to do what the request asks for.",
                "Try another way; trying again will not help.",
            ),
            say(
                "Aquí esto no es posible",
                "El servidor no sabe hacer lo que pide la solicitud.",
                "Inténtelo de otra manera; repetir no servirá.",
            ),
        ],
    ),
    (
        502,
        "Bad Gateway",
        [
            say(
                "The way to the server is cut",
                "We are here, but the server behind us that has what you asked for gave no usable \
             answer.",
                "Try again in a moment: another server may be back by then.",
            ),
            say(
                "El camino al servidor está cortado",
                "Nosotros estamos aquí, pero el servidor que tiene lo que pidió no dio una respuesta \
             utilizable.",
                "Inténtelo de nuevo en un momento: puede que otro servidor ya haya vuelto.",
            ),
        ],
    ),
    (
        503,
        "Service Unavailable",
        [
            say(
                "Not available right now",
                "The service is busy, or just starting or stopping.",
                "Try again in a moment.",
            ),
            say(
                "No disponible por ahora",
                "El servicio está ocupado, o justo arrancando o deteniéndose.",
                "Inténtelo de nuevo en un momento.",
            ),
        ],
    ),
    (
        504,
        "Gateway Timeout",
        [
            say(
                "The server took too long",
                "We passed your request on, and no answer came in time. It may still have been \
             carried out.",
                "Before you repeat something that should happen once, check whether it did.",
            ),
            say(
                "El servidor tardó demasiado",
                "Transmitimos su solicitud y la respuesta no llegó a tiempo. Aun así, es posible que \
             se haya cumplido.",
                "Antes de repetir algo que deba ocurrir una sola vez, compruebe si ya ocurrió.",
            ),
        ],
    ),
    (
        505,
        "HTTP Version Not Supported",
        [
            say(
                "This version of HTTP is not spoken here",
                "The request is written in a version of HTTP that this server does not know.",
                "Use HTTP/1.1.",
            ),
            say(
                "Aquí no se habla esta versión de HTTP",
                "La solicitud usa una versión de HTTP que este servidor no conoce.",
                "Use HTTP/1.1.",
            ),
        ],
    ),
    (
        508,
        "Loop Detected",
        [
            say(
                "The request goes in circles",
                "It came back to where it had been before, and would never have arrived.",
                "This is a mistake in the set-up of this site; please report it.",
            ),
            say(
                "La solicitud da vueltas en círculo",
                "Volvió a donde ya había estado y nunca habría llegado.",
                "Es un error en la configuración de este sitio; por favor, informe de él.",
            ),
        ],
    ),
];
