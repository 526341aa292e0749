//! What a meter is asked, in words of the model.

use super::catalog::Catalog;
use std::collections::BTreeMap;
use usage_domain::customer::{CustomerId, CustomerRef};
use usage_domain::meter::query::{Condition, MeterQuery, MeterQuestion, Scope};
use usage_domain::meter::windows::Window;
use usage_domain::time::{Period, Timestamp, Zone};

/// What a meter is asked.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) from: Option<Timestamp>,
    pub(crate) to: Option<Timestamp>,
    pub(crate) window: Option<Window>,
    pub(crate) zone: Zone,
    pub(crate) by_subject: bool,
    pub(crate) by_customer: bool,
    /// What subjects must be like.
    pub(crate) subject: Option<Test>,
    /// What customers must be like, by their names; nothing is nobody.
    pub(crate) customer: Option<Test>,
    /// Dimensions by their places.
    pub(crate) group_by: Vec<usize>,
    pub(crate) filters: Vec<(usize, Test)>,
}

/// What a value must be like.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    In(Vec<Option<String>>),
    NotIn(Vec<Option<String>>),
    Contains(String),
    Exists,
    Missing,
    Not(Box<Test>),
    Both(Box<(Test, Test)>),
    Either(Box<(Test, Test)>),
}

impl Test {
    pub(crate) fn passes(&self, value: Option<&str>) -> bool {
        let is = |other: &Option<String>| other.as_deref() == value;
        match self {
            Test::In(values) => values.iter().any(is),
            Test::NotIn(values) => !values.iter().any(is),
            Test::Contains(part) => value.is_some_and(|value| value.contains(part.as_str())),
            Test::Exists => value.is_some(),
            Test::Missing => value.is_none(),
            Test::Not(test) => !test.passes(value),
            Test::Both(tests) => tests.0.passes(value) && tests.1.passes(value),
            Test::Either(tests) => tests.0.passes(value) || tests.1.passes(value),
        }
    }

    fn condition(&self) -> Condition {
        let pair = |tests: &(Test, Test)| vec![tests.0.condition(), tests.1.condition()];
        match self {
            Test::In(values) => Condition::In(values.iter().cloned().collect()),
            Test::NotIn(values) => Condition::NotIn(values.iter().cloned().collect()),
            Test::Contains(part) => Condition::Contains(part.clone()),
            Test::Exists => Condition::Exists,
            Test::Missing => Condition::Missing,
            Test::Not(test) => Condition::Not(Box::new(test.condition())),
            Test::Both(tests) => Condition::All(pair(tests)),
            Test::Either(tests) => Condition::Any(pair(tests)),
        }
    }

    fn names(&self, into: &mut Vec<String>) {
        match self {
            Test::In(values) | Test::NotIn(values) => into.extend(values.iter().flatten().cloned()),
            Test::Not(test) => test.names(into),
            Test::Both(tests) | Test::Either(tests) => {
                tests.0.names(into);
                tests.1.names(into);
            }
            Test::Contains(_) | Test::Exists | Test::Missing => {}
        }
    }

    /// The same with other texts for names.
    fn renamed(&self, names: &BTreeMap<String, String>) -> Test {
        let all = |values: &Vec<Option<String>>| {
            values.iter().map(|value| value.as_ref().and_then(|name| names.get(name).cloned())).collect()
        };
        let pair = |tests: &(Test, Test)| Box::new((tests.0.renamed(names), tests.1.renamed(names)));
        match self {
            Test::In(values) => Test::In(all(values)),
            Test::NotIn(values) => Test::NotIn(all(values)),
            Test::Not(test) => Test::Not(Box::new(test.renamed(names))),
            Test::Both(tests) => Test::Both(pair(tests)),
            Test::Either(tests) => Test::Either(pair(tests)),
            Test::Contains(_) | Test::Exists | Test::Missing => self.clone(),
        }
    }

    /// The same with ids for the names of customers; `None` where one is nobody's.
    pub(crate) fn by_id(&self, catalog: &Catalog) -> Option<Test> {
        let mut names = Vec::new();
        self.names(&mut names);
        let mut ids = BTreeMap::new();
        for name in names {
            let named: CustomerRef = name.parse().unwrap_or_else(|_| CustomerRef::Any(name.clone()));
            ids.insert(name, catalog.find(&named)?.id.to_string());
        }
        Some(self.renamed(&ids))
    }
}

/// Whether a customer, or nobody, passes a test of ids.
pub(crate) fn passes(test: Option<&Test>, payer: Option<CustomerId>) -> bool {
    let id = payer.map(|id| id.to_string());
    test.is_none_or(|test| test.passes(id.as_deref()))
}

impl Question {
    /// One about all usage, in one row.
    pub(crate) fn total() -> Question {
        Question {
            from: None,
            to: None,
            window: None,
            zone: Zone::utc(),
            by_subject: false,
            by_customer: false,
            subject: None,
            customer: None,
            group_by: Vec::new(),
            filters: Vec::new(),
        }
    }

    pub(crate) fn period(&self) -> Period {
        Period { start: self.from.unwrap_or(Timestamp::MIN), end: self.to.unwrap_or(Timestamp::MAX) }
    }

    /// In the words that the product is asked with.
    pub(crate) fn asked(&self) -> MeterQuestion {
        let query = MeterQuery {
            from: self.from,
            to: self.to,
            window: self.window,
            zone: self.zone.clone(),
            scope: Scope::Everybody,
            by_subject: self.by_subject,
            group_by: self.group_by.clone(),
            filters: self.filters.iter().map(|(place, test)| (*place, test.condition())).collect(),
        };
        MeterQuestion {
            query,
            subject: self.subject.as_ref().map(Test::condition),
            customer: self.customer.as_ref().map(Test::condition),
            by_customer: self.by_customer,
        }
    }
}
