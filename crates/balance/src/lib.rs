//! Choosing a backend: policies and weights. Pure: events and time in, choice out.
