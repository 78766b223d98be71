//! Which part of which RFC a decision rests on.

use std::fmt;

/// A clause, as it is shown to a person who asks why.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clause(pub &'static str);

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
