//! Real processes and real sockets: the harness that end-to-end tests share.
