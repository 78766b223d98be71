//! What every program does alike: configuration, logging, exit codes, shutdown.
