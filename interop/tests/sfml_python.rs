//! SFML 3.0 in Python at the other end: bytes, frames, statuses and datagrams.
//! Python has no `sf::Packet`: its frames are made of bytes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod sfml;

use interop::Peer;
use sfml::properties;

properties! {
    tcp with Peer::python("sfml_tcp");
    bytes_go_both_ways,
    both_ends_name_the_same_addresses,
    a_listener_of_both_families_names_an_ipv4_client_in_ipv4,
    blocking_calls_move_more_than_the_kernel_holds,
    a_non_blocking_send_takes_what_there_is_room_for,
    a_frame_cut_anywhere_is_received_whole,
    a_frame_may_come_byte_by_byte,
    frames_and_bytes_share_a_connection,
    the_end_inside_a_frame_is_an_error_once,
    a_frame_over_the_limit_closes_the_connection,
}

properties! {
    status with Peer::python("sfml_tcp");
    queued_bytes_come_before_an_orderly_end,
    queued_bytes_come_before_the_reset_of_a_peer_that_left_bytes_unread,
    a_reset_ends_a_frame_as_a_close_does,
    the_peer_sees_our_last_bytes_and_then_the_end,
    what_the_kernel_has_taken_arrives_after_our_close,
    the_peer_is_disconnected_by_our_reset,
    the_peer_can_send_after_our_half_close,
    nothing_yet_is_not_ready_on_both_sides,
    an_empty_buffer_moves_nothing_and_ends_nothing,
    a_port_that_the_peer_has_closed_refuses,
    the_peer_is_refused_by_a_port_that_we_have_closed,
}

properties! {
    udp with Peer::python("sfml_udp");
    datagrams_go_both_ways,
    a_socket_of_both_families_names_an_ipv4_peer_in_ipv4,
    a_socket_that_was_never_bound_is_answered,
    a_datagram_that_is_cut_is_an_error_here_and_silence_there,
    a_datagram_that_is_too_long_is_not_sent,
    nothing_yet_is_not_ready,
    a_peer_that_has_gone_is_no_error,
    a_batch_arrives_as_single_datagrams,
    a_batch_is_received_in_order,
}
