//! 'tombolo up': starts, watches and drains what the configuration names.
