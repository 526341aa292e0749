//! Events as they are sent, with what is known of them because they were made up here.

use crate::dice::Dice;
use crate::figure::Figure;
use std::collections::{BTreeMap, BTreeSet};
use usage_domain::charge::{CHARGE_TYPE, ChargeGroup};
use usage_domain::event::{AMEND_TYPE, UsageEvent, VOID_TYPE};
use usage_domain::time::Timestamp;
use usage_store::Handling;

/// A value in an event's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fact {
    /// A JSON number, in any spelling.
    Figure(Figure),
    /// A figure as a text.
    FigureText(Figure, String),
    /// A text that is no figure.
    Label(String),
    /// JSON that is none of these, as it stands; never a number that is also a figure.
    Odd(&'static str),
    /// An object.
    Nested(BTreeMap<&'static str, Fact>),
}

/// An event's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Data {
    Absent,
    Object(BTreeMap<&'static str, Fact>),
    /// That of a correction: the claim of what it corrects, and the data that this has from now on.
    Correction((String, String), Option<Box<Data>>),
    /// No unambiguous JSON.
    Broken(&'static str),
}

/// An event as sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) event: UsageEvent,
    pub(crate) data: Data,
}

/// A request with events.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) events: Vec<Sent>,
    pub(crate) received: Timestamp,
    pub(crate) handling: Handling,
    /// Whether it is sent with its members noted, as a server does, or event by event.
    pub(crate) noted: bool,
}

/// What an event contributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Measure {
    Nothing,
    Invalid,
    Charge { group: Group, quantity: Figure, amount: Figure },
}

/// What charges are added up by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Group {
    pub(crate) service: String,
    pub(crate) description: Option<String>,
    pub(crate) unit: Option<String>,
    pub(crate) unit_price: Option<Figure>,
    pub(crate) currency: Option<String>,
    pub(crate) has_quantity: bool,
}

impl Measure {
    pub(crate) fn is_charge(&self) -> bool {
        matches!(self, Measure::Charge { .. })
    }
}

impl Group {
    /// What the domain says, in the words of here.
    pub(crate) fn of(group: &ChargeGroup) -> Option<Group> {
        let unit_price = match group.unit_price {
            Some(price) => Some(Figure::of(price)?),
            None => None,
        };
        Some(Group {
            service: group.service.clone(),
            description: group.description.clone(),
            unit: group.unit.clone(),
            unit_price,
            currency: group.currency.map(|currency| currency.code().to_string()),
            has_quantity: group.has_quantity,
        })
    }
}

impl Request {
    /// Whether nothing of it may be stored.
    pub(crate) fn is_refused(&self) -> bool {
        self.handling == Handling::Strict && self.events.iter().any(Sent::is_broken)
    }

    /// Events that a store has to decide on: neither broken nor repeated within the request.
    pub(crate) fn rows(&self) -> usize {
        if self.is_refused() {
            return 0;
        }
        let sound = self.events.iter().filter(|sent| !sent.is_broken());
        sound.map(Sent::claim).collect::<BTreeSet<_>>().len()
    }
}

impl Sent {
    /// The pair that names the event.
    pub(crate) fn claim(&self) -> (String, String) {
        (self.event.source.clone(), self.event.id.clone())
    }

    /// Whether it cannot be stored, whatever there is.
    pub(crate) fn is_broken(&self) -> bool {
        match &self.data {
            Data::Broken(_) => true,
            Data::Correction(_, data) if self.is_correction() => {
                let is_usable = match data.as_deref() {
                    None => self.event.event_type == VOID_TYPE,
                    Some(Data::Object(_)) => self.event.event_type == AMEND_TYPE,
                    Some(_) => false,
                };
                !is_usable
            }
            _ => self.is_correction(),
        }
    }

    /// Whether it is of a type that corrects others.
    pub(crate) fn is_correction(&self) -> bool {
        [VOID_TYPE, AMEND_TYPE].contains(&self.event.event_type.as_str())
    }

    /// What it corrects, and the data that this has from now on; that it has none is that it is taken back.
    pub(crate) fn corrects(&self) -> Option<(&(String, String), Option<&Data>)> {
        match &self.data {
            Data::Correction(claim, data) if self.is_correction() => Some((claim, data.as_deref())),
            _ => None,
        }
    }

    /// Whether both say the same; what the server filled in is no part of it.
    pub(crate) fn says_the_same_as(&self, other: &Sent) -> bool {
        let (a, b) = (&self.event, &other.event);
        a.event_type == b.event_type
            && a.subject == b.subject
            && a.time_given == b.time_given
            && (!a.time_given || a.time == b.time)
            && a.extensions == b.extensions
            && self.data == other.data
    }

    /// Writes the data anew, in one of the ways that mean the same.
    pub(crate) fn spell(&mut self, dice: &mut Dice) {
        self.event.data = text(&self.data, dice);
    }

    /// What the event contributes to bills.
    pub(crate) fn measure(&self) -> Measure {
        self.measure_as(&self.data)
    }

    /// The same, if it had this data.
    pub(crate) fn measure_as(&self, data: &Data) -> Measure {
        if self.event.event_type != CHARGE_TYPE {
            return Measure::Nothing;
        }
        charge(&data.facts()).unwrap_or(Measure::Invalid)
    }
}

impl Data {
    /// What it says, as far as anyone reads it.
    pub(crate) fn facts(&self) -> BTreeMap<&'static str, Fact> {
        if let Data::Object(facts) = self { facts.clone() } else { BTreeMap::new() }
    }
}

fn text(data: &Data, dice: &mut Dice) -> Option<String> {
    match data {
        Data::Absent => None,
        Data::Broken(text) => Some((*text).to_string()),
        Data::Object(facts) => Some(facts_text(facts, dice)),
        Data::Correction((source, id), data) => {
            let mut members = vec![("source", quoted(source, dice)), ("id", quoted(id, dice))];
            let data = data.as_ref().and_then(|data| text(data, dice));
            members.extend(data.map(|text| ("data", text)));
            Some(object(members, dice))
        }
    }
}

fn facts_text(facts: &BTreeMap<&'static str, Fact>, dice: &mut Dice) -> String {
    let one = |(name, fact): (&&'static str, &Fact)| {
        let value = match fact {
            Fact::Figure(figure) => figure.spelled(dice),
            Fact::FigureText(_, text) | Fact::Label(text) => quoted(text, dice),
            Fact::Odd(text) => (*text).to_string(),
            Fact::Nested(facts) => facts_text(facts, dice),
        };
        (*name, value)
    };
    let members = facts.iter().map(one).collect();
    object(members, dice)
}

/// A JSON object with these members, in any order.
fn object(mut members: Vec<(&str, String)>, dice: &mut Dice) -> String {
    dice.shuffle(&mut members);
    let space = *dice.pick(&["", "", " ", "\n\t"]);
    let one = |(name, value): (&str, String)| format!("{space}{}{space}:{space}{value}", quoted(name, dice));
    let members: Vec<String> = members.into_iter().map(one).collect();
    format!("{{{}{space}}}", members.join(","))
}

/// A JSON string, now and then with an escape that nobody needs.
fn quoted(text: &str, dice: &mut Dice) -> String {
    match text.chars().next() {
        Some(first) if u32::from(first) < 0xd800 && dice.percent(10) => {
            format!("\"\\u{:04x}{}\"", u32::from(first), &text[first.len_utf8()..])
        }
        _ => format!("\"{text}\""),
    }
}

/// Reads a charge; `None` where it cannot be billed.
fn charge(facts: &BTreeMap<&'static str, Fact>) -> Option<Measure> {
    let given = |name: &str| facts.get(name).filter(|fact| **fact != Fact::Odd("null"));
    let figure = |name: &str| match given(name) {
        None => Some(None),
        Some(Fact::Figure(figure) | Fact::FigureText(figure, _)) => Some(Some(*figure)),
        Some(Fact::Label(_) | Fact::Odd(_) | Fact::Nested(_)) => None,
    };
    let label = |name: &str| match given(name) {
        None => Some(None),
        Some(Fact::Label(text) | Fact::FigureText(_, text)) => {
            Some(Some(text.clone()).filter(|t| !t.is_empty()))
        }
        Some(Fact::Figure(_) | Fact::Odd(_) | Fact::Nested(_)) => None,
    };
    let (quantity, unit_price, own) = (figure("quantity")?, figure("unit_price")?, figure("amount")?);
    let amount = match (own, quantity, unit_price) {
        (Some(amount), _, _) => amount,
        (None, Some(quantity), Some(price)) if quantity.0 >= 0 && price.0 >= 0 => quantity.times(price),
        _ => return None,
    };
    let currency = label("currency")?;
    if currency.as_ref().is_some_and(|code| minor_digits(code).is_none())
        || given("currency").is_some() && currency.is_none()
    {
        return None;
    }
    let group = Group {
        service: label("service")?.unwrap_or_else(|| "Usage".to_string()),
        description: label("description")?,
        unit: label("unit")?,
        unit_price,
        currency,
        has_quantity: quantity.is_some(),
    };
    Some(Measure::Charge { group, quantity: quantity.unwrap_or_default(), amount })
}

/// Decimals of the currencies that are drawn here; `None` for what is none.
pub(crate) fn minor_digits(code: &str) -> Option<u32> {
    match code {
        "USD" | "EUR" => Some(2),
        "JPY" => Some(0),
        "KWD" => Some(3),
        _ => None,
    }
}
