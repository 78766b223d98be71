//! The words for 4xx: what was asked cannot be done as it was asked.

use super::{Row, Text, say};

/// For a status without words of its own.
pub(super) const CLASS: [Text; 2] = [
    say(
        "This request cannot be fulfilled",
        "The server understood what was asked and cannot do it.",
        "Go back and try another way.",
    ),
    say(
        "Esta solicitud no se puede cumplir",
        "El servidor entendió lo que se pidió y no puede hacerlo.",
        "Vuelva atrás e inténtelo de otra manera.",
    ),
];

/// Every 4xx with words of its own.
pub(super) const ROWS: [Row; 13] = [
    (
        400,
        "Bad Request",
        [
            say(
                "The request is not well formed",
                "What arrived breaks the rules of HTTP, so it was not passed on.",
                "Check the address you typed. If a program sent this, its log will say more.",
            ),
            say(
                "La solicitud está mal formada",
                "Lo que llegó no cumple las reglas de HTTP, así que no se transmitió.",
                "Revise la dirección que escribió. Si la envió un programa, su registro dirá más.",
            ),
        ],
    ),
    (
        403,
        "Forbidden",
        [
            say(
                "You may not see this",
                "What you asked for exists, but not for everybody.",
                "If you should be able to see it, ask whoever runs this site.",
            ),
            say(
                "No tiene permiso para ver esto",
                "Lo que pidió existe, pero no para todas las personas.",
                "Si debería poder verlo, pregunte a quien administra este sitio.",
            ),
        ],
    ),
    (
        404,
        "Not Found",
        [
            say(
                "There is nothing at this address",
                "The address may be misspelt, or what was here has moved or gone.",
                "Check the address, or begin at the start page.",
            ),
            say(
                "No hay nada en esta dirección",
                "La dirección puede estar mal escrita, o lo que había se movió o ya no está.",
                "Revise la dirección o comience en la página de inicio.",
            ),
        ],
    ),
    (
        405,
        "Method Not Allowed",
        [
            say(
                "This cannot be done at this address",
                "The address exists, but not for this kind of request.",
                "Open it as a page, or see the Allow field of this response for what is possible.",
            ),
            say(
                "Esto no se puede hacer en esta dirección",
                "La dirección existe, pero no admite este tipo de solicitud.",
                "Ábrala como página, o vea en el campo Allow de esta respuesta lo que se puede hacer.",
            ),
        ],
    ),
    (
        406,
        "Not Acceptable",
        [
            say(
                "Not available in a form you accept",
                "What you asked for exists, but in none of the forms your program takes.",
                "Ask without restricting the form.",
            ),
            say(
                "No está disponible en una forma que usted acepte",
                "Lo que pidió existe, pero en ninguna de las formas que su programa admite.",
                "Pídalo sin restringir la forma.",
            ),
        ],
    ),
    (
        408,
        "Request Timeout",
        [
            say(
                "The request took too long to arrive",
                "The connection was open, but the request never became complete.",
                "Check your connection and try again.",
            ),
            say(
                "La solicitud tardó demasiado en llegar",
                "La conexión estaba abierta, pero la solicitud nunca llegó completa.",
                "Revise su conexión e inténtelo de nuevo.",
            ),
        ],
    ),
    (
        412,
        "Precondition Failed",
        [
            say(
                "It has changed in the meantime",
                "What you asked for is no longer in the state that the request requires.",
                "Load it again, then repeat what you wanted to do.",
            ),
            say(
                "Cambió mientras tanto",
                "Lo que pidió ya no está en el estado que la solicitud exige.",
                "Cárguelo de nuevo y repita lo que quería hacer.",
            ),
        ],
    ),
    (
        413,
        "Content Too Large",
        [
            say(
                "This is too large to send",
                "What you sent is larger than is accepted here.",
                "Send something smaller, or ask whoever runs this site to raise the limit.",
            ),
            say(
                "Esto es demasiado grande para enviarlo",
                "Lo que envió es más grande de lo que aquí se acepta.",
                "Envíe algo más pequeño, o pida a quien administra este sitio que suba el límite.",
            ),
        ],
    ),
    (
        414,
        "URI Too Long",
        [
            say(
                "The address is too long",
                "The address has more characters than are accepted here.",
                "Shorten it, or send the data as the content of a request.",
            ),
            say(
                "La dirección es demasiado larga",
                "La dirección tiene más caracteres de los que aquí se aceptan.",
                "Acórtela, o envíe los datos como contenido de una solicitud.",
            ),
        ],
    ),
    (
        416,
        "Range Not Satisfiable",
        [
            say(
                "That part does not exist",
                "The request asks for a part that lies beyond the end.",
                "Start the download again from the beginning.",
            ),
            say(
                "Esa parte no existe",
                "La solicitud pide una parte que está más allá del final.",
                "Comience la descarga de nuevo desde el principio.",
            ),
        ],
    ),
    (
        417,
        "Expectation Failed",
        [
            say(
                "The request expects what cannot be given",
                "Its Expect field asks for something that is not supported here.",
                "Send it without that field.",
            ),
            say(
                "La solicitud espera algo que no se puede dar",
                "Su campo Expect pide algo que aquí no se admite.",
                "Envíela sin ese campo.",
            ),
        ],
    ),
    (
        429,
        "Too Many Requests",
        [
            say(
                "Too many requests at once",
                "More requests came from you than are accepted in this time.",
                "Wait a moment, then try again.",
            ),
            say(
                "Demasiadas solicitudes a la vez",
                "Llegaron de usted más solicitudes de las que se aceptan en este tiempo.",
                "Espere un momento e inténtelo de nuevo.",
            ),
        ],
    ),
    (
        431,
        "Request Header Fields Too Large",
        [
            say(
                "The request carries too much baggage",
                "Its header fields are larger or more than are accepted here; often it is cookies.",
                "Delete the cookies of this site and try again.",
            ),
            say(
                "La solicitud trae demasiado equipaje",
                "Sus campos de cabecera son más grandes o más de los que aquí se aceptan; suelen ser \
             las cookies.",
                "Borre las cookies de este sitio e inténtelo de nuevo.",
            ),
        ],
    ),
];
