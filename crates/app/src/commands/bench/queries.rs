//! What is asked after a load: a month's usage of a customer, the usage of all by day, and bills.

use super::drive::{Driven, Load, Sender, Timing, drive};
use super::events::Plan;
use super::http::{Connection, Target};
use super::meters::slug;
use super::moments::{self, Moments};
use super::random::Random;
use super::stop::Stop;
use super::texts::subject;
use crate::failure::Failure;
use serde_json::{Value, json};

/// Customers whose bills are asked for; the other subjects' events lie among theirs.
const BILLED: u64 = 100;
/// Charges that each of them has, besides its metered usage.
const CHARGES: u64 = 20;
const HOUR: u64 = 3_600_000_000;

/// What is asked, and of what.
pub(super) struct Questions<'a> {
    pub(super) target: &'a Target,
    pub(super) stop: &'a Stop,
    pub(super) plan: &'a Plan,
    /// Meters that there are.
    pub(super) meters: usize,
    /// The month, in microseconds since 1970.
    pub(super) month: (u64, u64),
    pub(super) times: u32,
    pub(super) seed: u64,
}

/// Requests that were made before.
struct Requests(std::vec::IntoIter<Vec<u8>>, Vec<u8>);

impl Sender for Requests {
    fn next(&mut self, _: u64) -> Option<&[u8]> {
        self.1 = self.0.next()?;
        Some(&self.1)
    }
}

impl Questions<'_> {
    /// A month's usage of one customer, random ones in turn.
    pub(super) fn usage_of_a_customer(&self) -> Result<Timing, Failure> {
        let mut random = Random::new(self.seed);
        self.ask("asking for a customer's usage", || {
            let (meter, customer) = (random.below(self.meters as u64), random.below(self.plan.customers));
            format!("{}&subject={}", self.usage(meter as usize), subject(customer))
        })
    }

    /// The usage of all customers together, day by day.
    pub(super) fn usage_by_day(&self) -> Result<Timing, Failure> {
        let mut meter = 0;
        self.ask("asking for everybody's usage", || {
            meter = (meter + 1) % self.meters;
            format!("{}&windowSize=DAY", self.usage(meter))
        })
    }

    /// Bills of customers, random ones in turn.
    pub(super) fn bills(&self) -> Result<Timing, Failure> {
        let mut random = Random::new(self.seed);
        let month = moments::month_text(self.month.0);
        self.ask("asking for bills", || {
            format!("/api/v1/customers/key:{}/bill?month={month}", subject(random.below(self.billed())))
        })
    }

    fn usage(&self, meter: usize) -> String {
        let (from, to) = (Moments::text(self.month.0), Moments::text(self.month.1));
        format!("/api/v1/meters/{}/query?from={from}&to={to}", slug(meter))
    }

    /// Asks on one connection, one request after the other.
    fn ask(&self, what: &'static str, mut path: impl FnMut() -> String) -> Result<Timing, Failure> {
        let requests: Vec<_> = (0..self.times).map(|_| self.target.get(&path())).collect();
        let Questions { target, stop, .. } = self;
        let load = Load { target, stop, expected: &[200], what, requests: u64::from(self.times) };
        let Driven { timing, .. } = drive(&load, vec![Requests(requests.into_iter(), Vec::new())])?;
        Ok(timing)
    }

    fn billed(&self) -> u64 {
        BILLED.min(self.plan.customers)
    }

    /// Makes the customers that are to be billed, with charges of the month.
    pub(super) fn prepare_bills(&self) -> Result<(), Failure> {
        let mut connection = Connection::open(self.target)?;
        for number in 0..self.billed() {
            let answer = connection.ask(&create_customer(self.target, number))?;
            if answer.status != 409 {
                answer.expect(201)?;
            }
            let charges: Vec<Value> = (0..CHARGES).map(|charge| self.charge(number, charge)).collect();
            let charges = Value::from(charges).to_string();
            connection.ask(&self.target.post("/api/v1/events", &charges))?.expect(204)?;
        }
        Ok(())
    }

    fn charge(&self, customer: u64, number: u64) -> Value {
        json!({
            "specversion": "1.0",
            "id": format!("{:016x}-{customer}-{number}", self.seed),
            "source": "usage_app bench",
            "type": "usage.charge",
            "subject": subject(customer),
            "time": Moments::text(self.month.0 + number * HOUR),
            "data": {
                "service": format!("Service {}", number % 4),
                "description": format!("Kind {}", number % 10),
                "quantity": number + 1,
                "unit": "Hours",
                "unit_price": "0.0316",
            },
        })
    }
}

/// The request that makes a subject a customer.
pub(super) fn create_customer(target: &Target, number: u64) -> Vec<u8> {
    let subject = subject(number);
    let customer = json!({"name": format!("Customer {subject}"), "key": subject});
    target.post("/api/v1/customers", &customer.to_string())
}

/// Makes every subject a customer.
pub(super) fn create_customers(
    target: &Target,
    stop: &Stop,
    customers: u64,
    connections: u64,
) -> Result<Timing, Failure> {
    struct Every<'a> {
        target: &'a Target,
        number: u64,
        step: u64,
        end: u64,
        request: Vec<u8>,
    }
    impl Sender for Every<'_> {
        fn next(&mut self, _: u64) -> Option<&[u8]> {
            if self.number >= self.end {
                return None;
            }
            self.request = create_customer(self.target, self.number);
            self.number += self.step;
            Some(&self.request)
        }
    }
    let sender = |number| Every { target, number, step: connections, end: customers, request: Vec::new() };
    let load = Load { target, stop, expected: &[201, 409], what: "making customers", requests: customers };
    Ok(drive(&load, (0..connections).map(sender).collect())?.timing)
}
