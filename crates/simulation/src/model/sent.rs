//! Events as they are sent, with what is known of them because they were made up here.

use crate::dice::Dice;
use crate::figure::Figure;
use std::collections::{BTreeMap, BTreeSet};
use usage_domain::charge::{CHARGE_TYPE, ChargeGroup};
use usage_domain::event::UsageEvent;
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
}

/// An event's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Data {
    Absent,
    Object(BTreeMap<&'static str, Fact>),
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

    pub(crate) fn is_broken(&self) -> bool {
        matches!(self.data, Data::Broken(_))
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
        self.event.data = match &self.data {
            Data::Absent => None,
            Data::Broken(text) => Some((*text).to_string()),
            Data::Object(facts) => Some(spelled(facts, dice)),
        };
    }

    /// What the event contributes to bills.
    pub(crate) fn measure(&self) -> Measure {
        if self.event.event_type != CHARGE_TYPE {
            return Measure::Nothing;
        }
        let nothing = BTreeMap::new();
        let facts = if let Data::Object(facts) = &self.data { facts } else { &nothing };
        charge(facts).unwrap_or(Measure::Invalid)
    }
}

fn spelled(facts: &BTreeMap<&'static str, Fact>, dice: &mut Dice) -> String {
    let mut members: Vec<_> = facts.iter().collect();
    dice.shuffle(&mut members);
    let space = *dice.pick(&["", "", " ", "\n\t"]);
    let members: Vec<String> = members
        .into_iter()
        .map(|(name, fact)| {
            let value = match fact {
                Fact::Figure(figure) => figure.spelled(dice),
                Fact::FigureText(_, text) | Fact::Label(text) => quoted(text, dice),
                Fact::Odd(text) => (*text).to_string(),
            };
            format!("{space}{}{space}:{space}{value}", quoted(name, dice))
        })
        .collect();
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
        Some(Fact::Label(_) | Fact::Odd(_)) => None,
    };
    let label = |name: &str| match given(name) {
        None => Some(None),
        Some(Fact::Label(text) | Fact::FigureText(_, text)) => {
            Some(Some(text.clone()).filter(|t| !t.is_empty()))
        }
        Some(Fact::Figure(_) | Fact::Odd(_)) => None,
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
