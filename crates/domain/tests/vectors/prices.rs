//! Prices of parts of periods, prorated levels and the share of a period.

use crate::{Compared, cents, compare, d, figure, mode};
use serde_json::Value;
use usage_domain::currency::Currency;
use usage_domain::decimal::Decimal;
use usage_domain::pricing::conversion::{Operation, UnitConversion};
use usage_domain::pricing::dynamic::Dynamic;
use usage_domain::pricing::flat::{Due, Flat};
use usage_domain::pricing::limits::Limits;
use usage_domain::pricing::package::Package;
use usage_domain::pricing::per_unit::PerUnit;
use usage_domain::pricing::prorated::{self, Change};
use usage_domain::pricing::tiers::{Tier, Tiers};
use usage_domain::pricing::{Category, Consumption, Line, Model, Part, Price, Rating, Stage, Terms};
use usage_domain::proration::share;
use usage_domain::ratio::Ratio;
use usage_domain::rounding::{Mode, round};
use usage_domain::time::{Period, Timestamp};

/// A part of a period: `line_position` says which, `pre_line_quantity` what came before.
pub(crate) fn part(price: &Value, input: &Value, expected: &Value) -> Compared {
    let price = read_price(price, input);
    let used = figure(&input["quantity"]).unwrap_or_default();
    let position = input["line_position"].as_str().unwrap_or("single");
    let before = before(&price, input, position);
    let so_far = Consumption::of(before.as_ref().map_or(Decimal::ZERO, |b| b.quantity).add(used).unwrap());
    let stage = if matches!(position, "single" | "last") { Stage::Ended } else { Stage::Running };
    let part = Part { usage: &so_far, before: before.as_ref(), stage, share: Ratio::ONE };
    let credits = match input["apply_credits"].as_bool() {
        Some(false) => Vec::new(),
        _ => crate::figures(&input["credits"]),
    };
    let rating = price.rate(&part, Currency::USD, &credits).map_err(|error| error.to_string())?;
    let figures = [
        ("amount", rating.rounded.amount),
        ("gross_amount", cents(rating.gross)),
        ("discount_amount", cents(rating.discount)),
    ];
    let mut compared = compare(expected, &figures)?;
    if let Some(lines) = expected["lines"].as_array() {
        compare_lines(&rating, lines)?;
        compared.push("lines");
    }
    Ok(compared)
}

/// What was used before the part. Where only the amount of it is known, it is so many units.
pub(crate) fn before(price: &Price, input: &Value, position: &str) -> Option<Consumption> {
    let billed = figure(&input["previously_billed_amount"]);
    let quantity = match (figure(&input["pre_line_quantity"]), billed, price.model()) {
        (Some(quantity), ..) => quantity,
        (None, Some(billed), Model::PerUnit(PerUnit { unit_amount })) => {
            Ratio::new(billed, *unit_amount).unwrap().as_decimal().unwrap()
        }
        (None, None, _) if matches!(position, "single" | "first") => return None,
        (None, None, _) => Decimal::ZERO,
        other => panic!("{other:?}: what was used before?"),
    };
    let before = Consumption::of(quantity);
    if let (Some(billed), true) = (billed, input["pre_line_quantity"].is_string()) {
        let earlier = Part { stage: Stage::Running, ..Part::whole(&before) };
        let rating = price.rate(&earlier, Currency::USD, &[]).unwrap();
        assert_eq!(rating.rounded.amount, billed, "what was billed is what the earlier part cost");
    }
    Some(before)
}

fn compare_lines(rating: &Rating, expected: &[Value]) -> Result<(), String> {
    let lines: Vec<&Line> = rating.lines.iter().filter(|line| !line.amount.is_zero()).collect();
    let expected: Vec<&Value> =
        expected.iter().filter(|line| !figure(&line["amount"]).unwrap().is_zero()).collect();
    if lines.len() != expected.len() {
        return Err(format!("lines are {lines:#?}, not {expected:#?}"));
    }
    for (line, expected) in lines.into_iter().zip(expected) {
        for (name, value) in expected.as_object().unwrap() {
            let shown = match name.as_str() {
                "quantity" => line.quantity,
                "unit_amount" => line.unit_amount.unwrap_or(Ratio::ZERO),
                "flat_amount" => line.flat_amount.unwrap_or(Ratio::ZERO),
                "amount" => line.amount,
                "discount_amount" => line.discount().unwrap(),
                "total" => line.total().unwrap(),
                "discounts" => {
                    let shown: Vec<Decimal> = line.discounts.iter().map(|off| cents(*off)).collect();
                    if shown != crate::figures(value) {
                        return Err(format!("discounts are {shown:?}, not {value}"));
                    }
                    continue;
                }
                "category" => {
                    let category = match line.category {
                        Category::Usage => "usage",
                        Category::Flat => "flat",
                        Category::EventLimits => "event_limits",
                        Category::MinimumSpend => "minimum_spend",
                    };
                    if value != category {
                        return Err(format!("{line:?} is not {value}"));
                    }
                    continue;
                }
                other => panic!("{other} is not compared"),
            };
            if cents(shown) != figure(value).unwrap() {
                return Err(format!("{name} is {shown}, not {value}, in {line:?}"));
            }
        }
    }
    Ok(())
}

pub(crate) fn read_price(price: &Value, input: &Value) -> Price {
    let required = |name: &str| figure(&price[name]).unwrap_or_else(|| panic!("{price} has no {name}"));
    let model = match price["model"].as_str().unwrap() {
        "flat" => {
            let due = match price["payment_term"].as_str().unwrap() {
                "in_advance" => Due::InAdvance,
                "in_arrears" => Due::InArrears,
                other => panic!("{other}"),
            };
            Model::Flat(Flat { amount: required("amount"), due })
        }
        "per_unit" => Model::PerUnit(PerUnit { unit_amount: required("unit_amount") }),
        "graduated" => Model::Graduated(tiers(price)),
        "volume" => Model::Volume(tiers(price)),
        "package" => Model::Package(
            Package::new(required("package_size"), required("amount"), required("free_units")).unwrap(),
        ),
        "dynamic" => Model::Dynamic(Dynamic::new(required("multiplier")).unwrap()),
        other => panic!("{other}"),
    };
    // A minimum that is to be ignored is one that the price has not.
    let ignore_minimum = input["ignore_minimum"] == true;
    let limits = Limits {
        percentage_discount: figure(&input["percentage_discount"]),
        minimum_amount: figure(&price["minimum_amount"]).filter(|_| !ignore_minimum),
        maximum_amount: figure(&price["maximum_amount"]),
    };
    let unit_conversion = input.get("unit_conversion").map(conversion);
    Price::new(model, Terms { unit_conversion, usage_discount: None, limits }).unwrap()
}

fn tiers(price: &Value) -> Tiers {
    let tier = |tier: &Value| Tier {
        up_to: figure(&tier["up_to"]),
        unit: figure(&tier["unit_amount"]).unwrap(),
        flat: figure(&tier["flat_amount"]).unwrap(),
        cap: None,
    };
    Tiers::new(price["tiers"].as_array().unwrap().iter().map(tier).collect()).unwrap()
}

pub(crate) fn conversion(conversion: &Value) -> UnitConversion {
    let operation = match conversion["operation"].as_str().unwrap() {
        "multiply" => Operation::Multiply,
        "divide" => Operation::Divide,
        other => panic!("{other}"),
    };
    let digits = conversion["precision"].as_str().unwrap().parse().unwrap();
    let rounding = mode(conversion["rounding"].as_str().unwrap()).map(|mode| (mode, digits));
    UnitConversion::new(operation, figure(&conversion["factor"]).unwrap(), rounding).unwrap()
}

/// A level that changes within the period.
pub(crate) fn level(price: &Value, input: &Value, expected: &Value) -> Compared {
    let change = |event: &Value| Change {
        units: figure(&event["value"]).unwrap(),
        prorated: figure(&event["prorated_value"]).unwrap().into(),
    };
    let changes: Vec<Change> = input["events"].as_array().unwrap().iter().map(change).collect();
    let lines = prorated::graduated(&tiers(price), &changes).unwrap();
    let amount = Ratio::sum(lines.iter().map(|line| line.amount)).unwrap();
    let rule = expected["amount_rounding"].as_str().map_or(Some(Mode::HalfAwayFromZero), mode).unwrap();
    let digits = expected["amount_scale"].as_str().unwrap().parse().unwrap();
    compare(expected, &[("amount", round(amount, rule, digits).unwrap())])
}

/// What part of a period a subscription lasts.
pub(crate) fn proration(input: &Value, expected: &Value) -> Compared {
    let day = |name: &str| -> Option<Timestamp> {
        Some(format!("{}T00:00:00Z", input[name].as_str()?).parse().unwrap())
    };
    let period = Period { start: day("from").unwrap(), end: day("to").unwrap() };
    let active = Period {
        start: day("effective_from").unwrap_or(Timestamp::MIN),
        end: day("effective_to").unwrap_or(Timestamp::MAX),
    };
    let Some(part) = share(&period, &active).unwrap() else {
        assert_eq!(expected["lines"], serde_json::json!([]));
        return Ok(vec!["lines"]);
    };
    let factor = expected["proration_factor"].as_str().unwrap();
    let (numerator, denominator) = factor.split_once('/').unwrap_or((factor, "1"));
    if part != Ratio::new(d(numerator), d(denominator)).unwrap() {
        return Err(format!("the share is {part}, not {factor}"));
    }
    let lasts = period.intersection(&active).unwrap();
    for (name, at) in [("from", lasts.start), ("to", lasts.end)] {
        assert_eq!(at.to_string(), format!("{}T00:00:00Z", expected[name].as_str().unwrap()));
    }
    Ok(vec!["proration_factor", "from", "to"])
}
