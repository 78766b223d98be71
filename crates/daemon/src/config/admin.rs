//! `[gateway] admin` as meant: where the gateway is administered, and who may.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// The admin listener: `[gateway] admin` and `admin_token_file`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admin {
    /// Where it listens. An address that other machines reach comes with a token file.
    pub listen: SocketAddr,
    /// The file with the token that every request must show. None: no token is asked for.
    pub token_file: Option<PathBuf>,
}

impl Admin {
    /// Where `tombolo up` without a file puts it.
    pub const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8081);

    /// Whether only this machine reaches an address.
    #[must_use]
    pub fn is_private(listen: SocketAddr) -> bool {
        listen.ip().to_canonical().is_loopback()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Config, Mistakes, Overrides, parse};
    use super::*;

    fn read(gateway: &str, flag: Option<&str>) -> Result<Config, Mistakes> {
        let text =
            format!("{gateway}\n[[upstream]]\nname = \"app\"\nservers = [\"127.0.0.1:9001\"]\n");
        let admin = flag.map(|address| address.parse().unwrap());
        let flags = Overrides { admin, ..Overrides::default() };
        parse(&text, "test.toml", &BTreeMap::new(), &flags)
    }

    #[test]
    fn flag_goes_before_the_address_and_keeps_the_token() {
        let table = |rest: &str| format!("[gateway]\n{rest}\nadmin_token_file = \"t\"");
        for text in [table("admin = \"127.0.0.1:1\""), table("")] {
            let admin = read(&text, Some("0.0.0.0:2")).unwrap().gateway.admin.unwrap();
            assert_eq!(admin.listen, "0.0.0.0:2".parse().unwrap());
            assert_eq!(admin.token_file, Some("t".into()));
        }
        let admin = read("", Some("[::1]:2")).unwrap().gateway.admin.unwrap();
        assert_eq!(admin, Admin { listen: "[::1]:2".parse().unwrap(), token_file: None });
        assert_eq!(read("", None).unwrap().gateway.admin, None);
    }

    #[test]
    fn flag_opens_nothing_to_other_machines_without_a_token() {
        for text in ["", "[gateway]", "[gateway]\nadmin = \"127.0.0.1:1\""] {
            let refused = read(text, Some("0.0.0.0:2")).unwrap_err().to_string();
            assert!(refused.contains("--admin 0.0.0.0:2"), "{refused}");
            assert!(refused.contains("admin_token_file ="), "{refused}");
        }
    }

    #[test]
    fn only_loopback_is_private() {
        for (address, private) in [
            ("127.0.0.1:1", true),
            ("127.9.9.9:1", true),
            ("[::1]:1", true),
            ("[::ffff:127.0.0.1]:1", true),
            ("0.0.0.0:1", false),
            ("[::]:1", false),
            ("192.168.1.1:1", false),
        ] {
            assert_eq!(Admin::is_private(address.parse().unwrap()), private, "{address}");
        }
    }
}
