use proptest::prelude::*;

use super::*;
use crate::error::ErrorKind;

fn fields(list: &[(&str, &str)]) -> HttpFields {
    let mut fields = HttpFields::default();
    for (name, value) in list {
        fields.push(name, value.as_bytes());
    }
    fields
}

fn listed(fields: &HttpFields) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (name, std::str::from_utf8(value).unwrap())).collect()
}

#[test]
fn fields_keep_their_order_and_their_repetitions() {
    let fields = fields(&[("Set-Cookie", "a=1"), ("Server", "x"), ("set-cookie", "b=2"), ("Empty", "")]);
    assert_eq!(listed(&fields), [("Set-Cookie", "a=1"), ("Server", "x"), ("set-cookie", "b=2"), ("Empty", "")]);
    assert_eq!(fields.len(), 4);
    assert!(!fields.is_empty());
    assert_eq!(fields.get_all("SET-COOKIE").collect::<Vec<_>>(), [b"a=1", b"b=2"]);
    assert_eq!(fields.get("SERVER"), Some("x"));
    assert_eq!(fields.get("empty"), Some(""));
    assert_eq!(fields.get("serve"), None);
    assert_eq!(fields.get("server2"), None);
    assert!(fields.contains("Empty"));
    assert!(!fields.contains(""));
}

#[test]
fn a_value_that_is_not_utf_8_is_there_as_bytes() {
    let mut fields = HttpFields::default();
    fields.push("City", b"K\xf6ln");
    assert_eq!(fields.get("city"), None);
    assert_eq!(fields.get_bytes("city"), Some(&b"K\xf6ln"[..]));
    assert!(fields.contains("city"));
}

#[test]
fn set_takes_the_place_of_the_first_and_removes_the_others() {
    let mut fields = fields(&[("A", "1"), ("B", "2"), ("a", "3"), ("C", "4")]);
    fields.set("a", b"new");
    assert_eq!(listed(&fields), [("a", "new"), ("B", "2"), ("C", "4")]);
    fields.set("D", b"5");
    assert_eq!(listed(&fields), [("a", "new"), ("B", "2"), ("C", "4"), ("D", "5")]);
}

#[test]
fn remove_takes_all_of_a_name_and_tells_whether_there_were_any() {
    let mut fields = fields(&[("A", "1"), ("B", "2"), ("a", "3")]);
    assert!(fields.remove("A"));
    assert_eq!(listed(&fields), [("B", "2")]);
    assert!(!fields.remove("A"));
    assert!(fields.remove("b"));
    assert!(fields.is_empty());
}

#[test]
fn a_list_goes_over_several_fields_and_shows_its_empty_elements() {
    let fields = fields(&[("Connection", "keep-alive,  Upgrade"), ("X", "y"), ("connection", ",close\t")]);
    let elements: Vec<_> = fields.list("Connection").collect();
    assert_eq!(elements, [&b"keep-alive"[..], b"Upgrade", b"", b"close"]);
    assert_eq!(fields.list("none").count(), 0);
}

#[test]
fn what_is_sent_is_checked() {
    assert_eq!(field("X-A", " b c\t").unwrap(), ("X-A", &b"b c"[..]));
    assert_eq!(field("~!#$%&'*+-.^_`|9", "").unwrap().1, b"");
    assert_eq!(field("X", "a\tb \u{fc}").unwrap().1, "a\tb \u{fc}".as_bytes());
    for name in ["", "a b", "a:", "a\r\nb", "a\0", "\u{fc}", "a(", "\"a\"", "a/b", " a", "a\x7f"] {
        assert_eq!(field(name, "v").unwrap_err().kind(), ErrorKind::InvalidInput, "{name:?}");
    }
    for value in ["a\r\nInjected: yes", "a\n", "\r", "a\0b", "\x01", "\x1b[0m", "\x7f"] {
        assert_eq!(field("X", value).unwrap_err().kind(), ErrorKind::InvalidInput, "{value:?}");
    }
}

#[test]
fn secrets_are_neither_in_debug_nor_in_errors() {
    let text = format!("{:?}", fields(&[("AUTHORIZATION", "hunter2"), ("Cookie", "hunter2"), ("Host", "example")]));
    assert!(!text.contains("hunter2"), "{text}");
    assert!(text.contains(r#""Host": "example""#), "{text}");
    let error = field("Authorization", "hunter2\n").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

proptest! {
    #[test]
    fn fields_behave_like_a_list_of_pairs(
        actions in prop::collection::vec((0_u8..3, "[a-cA-C]", prop::collection::vec(any::<u8>(), 0..6)), 0..30)
    ) {
        let mut fields = HttpFields::default();
        let mut model: Vec<(String, Vec<u8>)> = Vec::new();
        for (action, name, value) in actions {
            let same = |other: &(String, Vec<u8>)| other.0.eq_ignore_ascii_case(&name);
            match action {
                0 => {
                    fields.push(&name, &value);
                    model.push((name, value));
                }
                1 => {
                    fields.set(&name, &value);
                    let place = model.iter().position(same).unwrap_or(model.len());
                    model.retain(|other| !same(other));
                    model.insert(place, (name, value));
                }
                _ => {
                    prop_assert_eq!(fields.remove(&name), model.iter().any(same));
                    model.retain(|other| !same(other));
                }
            }
            let found: Vec<_> = fields.iter().map(|(name, value)| (name.to_owned(), value.to_vec())).collect();
            prop_assert_eq!(&found, &model);
        }
    }
}
