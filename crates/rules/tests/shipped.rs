//! The shipped policies and parameters load.

mod support;

#[test]
fn shipped_documents_have_no_problem() {
    let set = support::shipped(true);
    assert_eq!(set.policies().len(), 7);
}
