//! Every change, and what it leaves.
