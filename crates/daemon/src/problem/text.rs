//! What each status means to a visitor, and what to do about it, in both languages. One table.

/// A language the pages are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English, the default.
    English,
    /// Spanish.
    Spanish,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::English, Self::Spanish];

    /// Its tag, as in `Content-Language`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
        }
    }
}

/// A status in words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text {
    /// The heading.
    pub(super) title: &'static str,
    /// What happened.
    pub(super) happened: &'static str,
    /// What the visitor can do.
    pub(super) next: &'static str,
}

/// The words of the page around the text of the status.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) detail: &'static str,
    pub(super) request: &'static str,
    pub(super) report: &'static str,
    pub(super) again: &'static str,
    pub(super) home: &'static str,
}

pub(super) fn frame(language: Language) -> &'static Frame {
    match language {
        Language::English => &Frame {
            detail: "In detail",
            request: "Request",
            report: "Give this number when you report the problem.",
            again: "Try again",
            home: "To the start page",
        },
        Language::Spanish => &Frame {
            detail: "En detalle (en inglés)",
            request: "Solicitud",
            report: "Indique este número cuando informe del problema.",
            again: "Intentar de nuevo",
            home: "A la página de inicio",
        },
    }
}

/// The words for a status; for one without words of its own, those of its class.
pub(super) fn text(status: u16, language: Language) -> Text {
    let row = TEXTS.iter().find(|(code, _, _)| *code == status);
    let row = row.map_or(if status < 500 { &CLIENT } else { &SERVER }, |(_, _, words)| words);
    match (language, row) {
        (Language::English, [english, _]) => *english,
        (Language::Spanish, [_, spanish]) => *spanish,
    }
}

/// The standard phrase of a status.
pub(super) fn reason(status: u16) -> &'static str {
    match TEXTS.iter().find(|(code, _, _)| *code == status) {
        Some((_, phrase, _)) => phrase,
        None if status == 204 => "No Content",
        None => "",
    }
}

const fn say(title: &'static str, happened: &'static str, next: &'static str) -> Text {
    Text { title, happened, next }
}

const CLIENT: [Text; 2] = [
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

const SERVER: [Text; 2] = [
    say(
        "Something went wrong here",
        "The fault is on our side, not yours.",
        "Try again in a moment.",
    ),
    say("Algo falló aquí", "La falla es nuestra, no suya.", "Inténtelo de nuevo en un momento."),
];

/// Status, standard phrase, English, Spanish.
const TEXTS: [(u16, &str, [Text; 2]); 20] = [
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
    (500, "Internal Server Error", SERVER),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_words_of_its_own_in_both_languages() {
        for status in
            [400, 403, 404, 405, 408, 413, 414, 417, 429, 431, 501, 502, 503, 504, 505, 508]
        {
            assert!(!reason(status).is_empty(), "{status}");
            let [english, spanish] = Language::ALL.map(|language| text(status, language));
            assert_ne!(english.title, spanish.title, "{status}");
            assert_ne!(english.title, CLIENT[0].title, "{status}");
        }
    }

    #[test]
    fn others_have_the_words_of_their_class() {
        assert_eq!(text(418, Language::English).title, CLIENT[0].title);
        assert_eq!(text(511, Language::Spanish).title, SERVER[1].title);
        assert_eq!(reason(418), "");
    }
}
