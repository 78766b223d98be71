//! The static web application: one replica of the site behind the gateway.
