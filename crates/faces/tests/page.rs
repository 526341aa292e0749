//! The page: what it shows, that it is well formed, and that nothing in it is run or loaded.

mod support;

use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use proptest::prelude::*;
use std::cell::RefCell;
use support::{any_bill, any_text, fixtures};
use usage_api::bill::Bill;
use usage_faces::{Seller, html};

/// Elements that have no end.
const VOID: [&str; 1] = ["meta"];
/// All elements that a page has: none of them runs or loads anything.
const ELEMENTS: [&str; 28] = [
    "html", "head", "meta", "title", "style", "body", "main", "header", "footer", "section", "div", "h1",
    "h2", "p", "strong", "span", "small", "address", "dl", "dt", "dd", "table", "caption", "thead", "tbody",
    "tr", "th", "td",
];

/// What a browser's tokenizer makes of a page.
#[derive(Default)]
struct Parsed {
    errors: RefCell<Vec<String>>,
    open: RefCell<Vec<String>>,
    tags: RefCell<Vec<Tag>>,
    text: RefCell<String>,
}

impl TokenSink for Parsed {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::ParseError(error) => self.errors.borrow_mut().push(error.to_string()),
            Token::CharacterTokens(text) => self.text.borrow_mut().push_str(&text),
            Token::NullCharacterToken => self.errors.borrow_mut().push("a null character".to_string()),
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                let name = tag.name.to_string();
                if !VOID.contains(&name.as_str()) {
                    self.open.borrow_mut().push(name);
                }
                self.tags.borrow_mut().push(tag);
            }
            Token::TagToken(tag) => {
                let open = self.open.borrow_mut().pop();
                if open.as_deref() != Some(&*tag.name) {
                    self.errors.borrow_mut().push(format!("</{}> ends {open:?}", tag.name));
                }
            }
            Token::CommentToken(comment) => self.errors.borrow_mut().push(format!("a comment: {comment}")),
            Token::DoctypeToken(_) | Token::EOFToken => {}
        }
        TokenSinkResult::Continue
    }
}

impl Parsed {
    fn attribute(&self, element: &str, attribute: &str) -> Vec<Option<String>> {
        let tags = self.tags.borrow();
        let of = tags.iter().filter(|tag| &*tag.name == element);
        of.map(|tag| {
            tag.attrs.iter().find(|attr| &*attr.name.local == attribute).map(|attr| attr.value.to_string())
        })
        .collect()
    }

    fn count(&self, element: &str) -> usize {
        self.tags.borrow().iter().filter(|tag| &*tag.name == element).count()
    }

    fn text(&self) -> String {
        self.text.borrow().clone()
    }
}

fn parsed(page: &str) -> Parsed {
    let input = BufferQueue::default();
    input.push_back(page.into());
    let options = TokenizerOpts { exact_errors: true, ..TokenizerOpts::default() };
    let tokenizer = Tokenizer::new(Parsed::default(), options);
    assert!(matches!(tokenizer.feed(&input), html5ever::TokenizerResult::Done));
    tokenizer.end();
    let parsed = tokenizer.sink;
    assert_eq!(*parsed.errors.borrow(), Vec::<String>::new());
    assert_eq!(*parsed.open.borrow(), Vec::<String>::new());
    parsed
}

fn seller() -> Seller {
    let address = vec!["Example Street 1".to_string(), "VAT <DE> & Co".to_string()];
    Seller { name: "Example \"Cloud\"".to_string(), address }
}

fn fixture(number: usize) -> Bill {
    fixtures().swap_remove(number)
}

/// A page runs nothing, loads nothing, and is made of the elements that its template has.
fn is_inert(page: &Parsed) {
    for tag in page.tags.borrow().iter() {
        assert!(ELEMENTS.contains(&&*tag.name), "<{}>", tag.name);
        for attribute in &tag.attrs {
            let name = &*attribute.name.local;
            assert!(!name.starts_with("on") && !["src", "href", "style"].contains(&name), "{name}");
        }
    }
}

#[test]
fn every_kind_of_line_is_on_the_page() {
    let page = html(&fixture(0), &seller());
    snapbox::assert_data_eq!(page, snapbox::file!["faces/bill.html"]);
}

#[test]
fn the_title_names_the_bill_and_the_customer() {
    assert!(
        html(&fixture(0), &seller())
            .contains("<title>Bill 2026-000017 – Bob &#38; &#34;Söhne&#34; &#60;GmbH&#62;</title>")
    );
    assert!(html(&fixture(2), &seller()).contains("<title>Bill for 2026-11 – Tōkyō Studio</title>"));
}

#[test]
fn tables_say_what_they_are_and_what_their_cells_belong_to() {
    let page = parsed(&html(&fixture(0), &seller()));
    assert_eq!((page.count("table"), page.count("caption")), (2, 2));
    assert!(page.attribute("th", "scope").iter().all(Option::is_some));
    assert_eq!(page.attribute("html", "lang"), [Some("en".to_string())]);
    assert_eq!(page.count("h1"), 1);
}

#[test]
fn only_what_is_not_to_be_paid_is_marked_across_the_page() {
    let marks = |number: usize| {
        let page = parsed(&html(&fixture(number), &seller()));
        let marks =
            page.attribute("p", "class").into_iter().flatten().filter(|class| class == "watermark").count();
        (fixture(number).status, marks)
    };
    let expected = [("finalized", 0), ("paid", 0), ("open", 1), ("void", 1)];
    assert_eq!([0, 1, 2, 3].map(marks), expected.map(|(status, marks)| (status.to_string(), marks)));
}

#[test]
fn taxes_in_the_amounts_stand_below_the_total() {
    let text = parsed(&html(&fixture(1), &seller())).text();
    let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("no {what:?} in {text}"));
    assert!(at("City tax: 2 % of 21.37") < at("$23.93"));
    assert!(at("$23.93") < at("GST 10 %: 10 % of 21.37"));
}

#[test]
fn a_page_without_seller_or_lines_says_so() {
    let page = html(&fixture(4), &Seller::default());
    parsed(&page);
    assert!(page.contains("No usage in this month."));
    assert!(!page.contains("From</h2>"));
}

#[test]
fn more_parts_than_anybody_reads_are_counted() {
    let mut bill = fixture(2);
    let detail = bill.lines[0].details[0].clone();
    bill.lines[0].details = vec![detail; 1_234];
    let text = parsed(&html(&bill, &seller())).text();
    assert!(text.contains("and 1034 more parts"), "{text}");
}

proptest! {
    #[test]
    fn whatever_a_bill_says_is_text(bill in any_bill(), name in any_text(), line in any_text()) {
        let seller = Seller { name: name.clone(), address: vec![line] };
        let page = parsed(&html(&bill, &seller));
        is_inert(&page);
        let text = page.text().replace("\r\n", "\n");
        for said in bill.lines.iter().map(|line| &line.service).chain([&bill.customer.name, &name]) {
            prop_assert!(text.contains(&said.replace("\r\n", "\n")), "{:?} is not in {}", said, text);
        }
    }
}
