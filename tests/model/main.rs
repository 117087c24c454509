//! The life of a stream against a model written from RFC 9113: every sequence of inputs up to a
//! length, in both roles, gives what the model's table says.

// Tests: a panic is how they report, and their names say what they show.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

mod driver;
mod table;
mod walk;

use table::{CLIENT, INPUTS, Reaction, SERVER, State};
use walk::Walk;

/// Whether the application lets go of a stream as soon as it is closed, or never.
const POLICIES: [bool; 2] = [true, false];

#[test]
fn every_state_has_exactly_one_row_and_each_row_leads_to_states_that_have_one() {
    for table in [SERVER, CLIENT] {
        for (state, cells) in table {
            assert_eq!(table.iter().filter(|(other, _)| other == state).count(), 1, "{state:?}");
            for cell in cells {
                assert!(table.iter().any(|(other, _)| *other == cell.next(*state)));
            }
        }
    }
}

/// The two rows that RFC 9113 §5.1 spells out frame by frame.
#[test]
fn the_model_says_what_section_5_1_says_of_idle_and_half_closed_remote() {
    let row = |state| SERVER.iter().find(|(other, _)| *other == state).unwrap().1;
    for (input, cell) in INPUTS.iter().zip(row(State::Asked)) {
        let permitted = ["RST_STREAM", "WINDOW_UPDATE", "PRIORITY"].contains(&input.name());
        if input.is_frame() && !permitted && input.name() != "CONTINUATION" {
            assert!(matches!(cell.reaction(), Reaction::Stream(code) if code.get() == 5));
        }
    }
    for (input, cell) in INPUTS.iter().zip(row(State::Idle)) {
        if input.is_frame() && !input.is_head() && input.name() != "PRIORITY" {
            assert!(matches!(cell.reaction(), Reaction::Connection(code) if code.get() == 1));
        }
    }
}

#[test]
fn a_server_follows_the_model_over_every_sequence_of_five_inputs() {
    let walked = Walk { table: SERVER, is_server: true, streams: &[1], releases: true }.all(5);
    assert!(walked > 20_000, "{walked}");
}

#[test]
fn a_server_that_never_lets_go_of_a_stream_follows_the_model_all_the_same() {
    Walk { table: SERVER, is_server: true, streams: &[1], releases: false }.all(5);
}

#[test]
fn a_client_follows_the_model_over_every_sequence_of_five_inputs() {
    let walked = Walk { table: CLIENT, is_server: false, streams: &[1], releases: true }.all(5);
    assert!(walked > 10_000, "{walked}");
}

#[test]
fn two_streams_follow_the_model_over_every_sequence_of_three_inputs() {
    for releases in POLICIES {
        Walk { table: SERVER, is_server: true, streams: &[1, 3], releases }.all(3);
        Walk { table: CLIENT, is_server: false, streams: &[1, 3], releases }.all(3);
    }
}
