//! The conformance suite: what every store must do, asked through the contract alone.

mod customers;
#[path = "../support/database.rs"]
mod database;
mod documents;
mod events;
mod meters;
mod nodes;
mod postgres;
mod postings;
mod properties;
mod readings;
mod subjects;
mod support;

/// Runs every test of the suite on a store: in `$name`, each in a place of its own that `$setup` makes.
macro_rules! suite {
    ($name:ident, $setup:expr) => {
        mod $name {
            suite!(@tests $setup,
                events: [
                    an_event_counts_once_however_often_it_is_sent,
                    the_first_of_two_contents_stands,
                    of_concurrent_requests_with_the_same_events_each_event_is_accepted_once,
                    what_was_acknowledged_is_there_after_reopening,
                    listings_are_newest_first_and_pages_join_without_gap_or_overlap,
                    listings_can_be_narrowed,
                    the_log_is_read_in_its_order_page_by_page,
                    an_event_that_cannot_be_billed_is_stored_and_not_counted,
                    verifying_finds_nothing_and_rebuilding_changes_nothing,
                ],
                customers: [
                    a_customer_is_found_by_each_of_its_names,
                    names_that_are_taken_are_refused_and_change_nothing,
                    a_subject_changes_hands_at_a_moment,
                    a_deleted_customer_frees_its_key_but_not_its_number,
                    usage_that_nobody_pays_for_is_listed,
                    metered_usage_that_nobody_pays_for_is_listed_as_charges_are,
                    customers_are_there_after_reopening,
                ],
                meters: [
                    a_meter_covers_the_events_before_it_and_after_it,
                    names_of_meters_are_taken_until_they_are_deleted,
                    dimensions_that_change_apply_to_all_usage,
                    an_event_that_is_taken_back_or_amended_counts_as_corrected,
                    a_correction_of_nothing_is_refused_with_its_request,
                    questions_without_an_answer_are_refused,
                    every_question_is_answered_as_a_recount_of_the_corrected_log_would,
                ],
                subjects: [
                    what_is_known_about_a_subject_changes_in_part_and_is_there_after_reopening,
                    subjects_that_cannot_all_be_kept_are_kept_not_at_all,
                    payers_of_subjects_are_given_with_their_times,
                ],
                postings: [
                    usage_is_posted_once_and_again_when_it_changes,
                    usage_that_was_exchanged_for_as_much_is_posted_again,
                    of_concurrent_posts_of_the_same_usage_exactly_one_posts,
                    posting_numbers_have_no_gaps,
                ],
                documents: [
                    documents_are_read_as_they_were_written_also_after_reopening,
                    documents_are_listed_by_the_bytes_of_their_ids_page_by_page,
                    a_customers_documents_are_read_together_and_outlive_it,
                    a_document_that_is_not_as_expected_is_left_as_it_is,
                    documents_that_cannot_all_be_written_are_written_not_at_all,
                    documents_have_limits_and_what_is_within_them_is_kept,
                    of_those_who_expect_the_same_revision_one_writes,
                    writes_of_the_same_documents_in_any_order_end_all_well,
                ],
                readings: [
                    a_reading_is_what_its_parts_are,
                    a_reading_with_a_question_that_has_no_answer_is_refused,
                    all_of_a_reading_is_of_one_position,
                    changes_count_alike_in_whole_cells_and_where_a_period_cuts_them,
                ],
                nodes: [
                    events_that_two_nodes_are_sent_at_the_same_time_count_once,
                    each_node_answers_with_what_the_other_acknowledged,
                    of_posts_to_two_nodes_exactly_one_posts_while_usage_comes_in,
                    customers_that_two_nodes_make_at_the_same_time_get_numbers_of_their_own,
                    a_node_that_is_closed_takes_nothing_from_the_other,
                    a_meter_made_on_one_node_misses_no_event_of_another,
                    corrections_of_the_same_event_on_two_nodes_have_one_order,
                ],
                properties: [
                    any_order_and_any_batching_of_the_same_events_gives_the_same_usage,
                ]
            );
        }
    };
    (@tests $setup:expr, $($module:ident: [$($test:ident,)*]),*) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                // `None` where what the store needs is absent and may be; it has said so.
                if let Some(setup) = $setup {
                    crate::$module::$test(&setup).await;
                }
            }
        )*)*
    };
}

suite!(embedded_store, crate::support::Embedded::new());
suite!(postgres_store, crate::postgres::Nodes::new().await);
