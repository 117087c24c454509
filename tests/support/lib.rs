//! What the tests share: wire bytes by hand, scripted peers, data files.
