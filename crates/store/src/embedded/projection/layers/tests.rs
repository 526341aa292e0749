//! Layers against a model that adds every event up in one tree.

use super::*;
use crate::StoreError;
use crate::embedded::faults::Faults;
use crate::embedded::projection::metered::{EVERYBODY, MeterRollUps, Series, SeriesRef};
use crate::embedded::projection::rollup::{CellKey, Sum};
use crate::embedded::projection::slot::Slot;
use crate::embedded::projection::stretch::{Stretch, no_cells};
use proptest::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::AtomicBool;
use tempfile::TempDir;
use usage_domain::charge::ChargeGroup;
use usage_domain::decimal::Decimal;
use usage_domain::meter::Aggregation;
use usage_domain::meter::aggregate::{Sign, State};
use usage_domain::meter::value::MeterValue;
use usage_domain::time::{Period, Timestamp};
use usage_domain::usage::Totals;

const AGGREGATIONS: [Aggregation; 3] = [Aggregation::Sum, Aggregation::Count, Aggregation::Max];

type Model = BTreeMap<(String, Slot, Series), State>;

/// Layers, their files, and what they should have.
struct Place {
    layers: Layers,
    chain: Chain,
    folder: TempDir,
    model: Model,
    next: u64,
}

fn series(group: u8) -> Series {
    Series { meter: u32::from(group % 3), dimensions: vec![Some(format!("d{}", group / 3))] }
}

fn empty_stretch() -> Vec<u8> {
    let (charges, metered) = (no_cells::<ChargeGroup, Totals>(), no_cells::<Series, State>());
    Stretch { covered: vec![1], corrections: Vec::new(), charges, metered }.encode()
}

impl Place {
    fn new() -> Place {
        let folder = TempDir::new().unwrap();
        let chain = Chain::new(folder.path(), Faults::default());
        Place { layers: Layers::default(), chain, folder, model: Model::new(), next: 0 }
    }

    fn measure(&mut self, subject: &str, time: Timestamp, group: u8, value: i64, sign: Sign) {
        let series = series(group);
        let aggregation = AGGREGATIONS[series.meter as usize];
        let value = MeterValue::Number(Decimal::new(value, group % 4));
        let state = State::of(aggregation, &value, (time, self.next), sign).unwrap();
        let named = SeriesRef { meter: series.meter, dimensions: &series.dimensions };
        let number = self.layers.group(&named, Sum::kind(&state));
        let subject_number = self.layers.subjects().number(subject);
        self.layers.measure(subject_number, time, number, Packed::of(state.clone()));
        for (subject, slot) in [(subject, Slot::of(time)), (EVERYBODY, Slot::quarter_of(time))] {
            match self.model.get_mut(&(subject.to_string(), slot, series.clone())) {
                Some(sum) => Sum::merge(sum, &state),
                None => drop(self.model.insert((subject.to_string(), slot, series.clone()), state.clone())),
            }
        }
        self.next += 1;
    }

    /// Writes what no run has as one.
    fn push(&mut self) {
        let (fronts, named) = (self.layers.freeze(), self.chain.named());
        let (subjects, series) = self.layers.names(named);
        let tail =
            Tail { subjects: (named.0, subjects), series: (named.1, series), stretch: empty_stretch() };
        let cells = Merged::new(fronts.iter().map(|front| folded(front.clone())).collect()).unwrap();
        let stored = self.chain.write(self.next, 7, &tail, cells).unwrap();
        self.layers.thaw(&fronts, self.chain.add(&stored));
    }

    /// Merges runs where that is due, but for cells of groups that are not kept.
    fn tidy(&mut self, kept: &[bool]) {
        while let Some(stored) = self.chain.merge_if_due(&AtomicBool::new(false), kept).unwrap() {
            self.layers.thaw(&[], self.chain.add(&stored));
            self.chain.forget(&stored);
        }
    }

    fn checkpoint(&mut self) {
        if self.chain.position() < self.next {
            self.push();
            self.tidy(&[]);
        }
    }

    /// Opens the files again.
    fn reopen(&mut self) {
        self.chain = Chain::new(self.folder.path(), Faults::default());
        self.layers = Layers::default();
        let load = |tail: Tail| self.layers.name(&tail.subjects.1, tail.series.1);
        self.chain.load(|_| Ok(Some(7)), load).unwrap();
        self.layers.thaw(&[], self.chain.list());
    }

    /// What is read of a subject and a meter in a period.
    fn read(&self, subject: &str, meter: u32, period: Period) -> Result<Model, StoreError> {
        let view = self.layers.view([meter].into_iter(), Some([subject].into_iter()), period);
        let mut cells = HashMap::new();
        view.named([subject].into_iter(), period, &mut cells)?;
        Ok(named(&cells.remove(&meter).unwrap_or_default()))
    }

    /// What is read of everybody in cells of a length that begin within these stretches.
    fn read_everybody(&self, meter: u32, length: Length, stretches: &[(Slot, Slot)]) -> Model {
        let view = self.layers.view([meter].into_iter(), Some([EVERYBODY].into_iter()), Period::ALWAYS);
        let cells = view.everybody(length, stretches).unwrap();
        let named = |(key, sum): (CellKey, Packed)| {
            ((EVERYBODY.to_string(), key.slot, view.series(key.group).unwrap().clone()), sum.state())
        };
        cells.into_iter().map(named).collect()
    }

    /// What that should be.
    fn everybody(&self, meter: u32, length: Length, stretches: &[(Slot, Slot)]) -> Model {
        let mut expected = Model::new();
        for ((subject, quarter, series), sum) in &self.model {
            let within = stretches.iter().any(|(first, last)| (first..=last).contains(&quarter));
            if subject.is_empty() && series.meter == meter && within {
                let key = (subject.clone(), length.cell(*quarter), series.clone());
                match expected.get_mut(&key) {
                    Some(kept) => Sum::merge(kept, sum),
                    None => drop(expected.insert(key, sum.clone())),
                }
            }
        }
        expected
    }

    /// What is read of all subjects at once.
    fn read_all(&mut self, meter: u32, period: Period) -> Model {
        self.layers.freeze_for_reading();
        let view = self.layers.view([meter].into_iter(), None::<std::iter::Empty<&str>>, period);
        let mut cells = HashMap::new();
        view.range(0..view.subjects(), period, &mut cells).unwrap();
        named(&cells.remove(&meter).unwrap_or_default())
    }
}

fn named(cells: &MeterRollUps) -> Model {
    let key = |(subject, slot, group): (&str, Slot, &Series)| (subject.to_string(), slot, group.clone());
    cells.by_name().into_iter().map(|(name, sum)| (key(name), sum.clone())).collect()
}

fn time(hours: u32) -> Timestamp {
    // From some days before the end of a month on.
    Timestamp::from_nanos(1_795_651_200_000_000_000 + i64::from(hours) * 3_600_000_000_000).unwrap()
}

/// The model's cells of these, which a period may have something of; perhaps a few more.
fn expected(model: &Model, wanted: impl Fn(&str, u32) -> bool, period: Period, read: &Model) {
    for ((subject, slot, series), sum) in model {
        let cell = if subject.is_empty() { slot.quarter() } else { slot.period() };
        if wanted(subject, series.meter) && cell.intersection(&period).is_some() {
            let found = read.get(&(subject.clone(), *slot, series.clone()));
            assert_eq!(found, Some(sum), "{subject} {slot:?} {series:?}");
        }
    }
    for (key, sum) in read {
        assert!(wanted(&key.0, key.2.meter), "{key:?} was not asked for");
        assert_eq!(model.get(key), Some(sum), "{key:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 200, ..ProptestConfig::with_cases(24) })]
    #[test]
    fn layers_have_what_was_added_wherever_it_is(
        steps in prop::collection::vec(
            (0..60u8, 0..6u8, 0..240u32, 0..9u8, -500..500i64, prop::bool::weighted(0.9)), 1..500
        ),
        (start, length) in (0..260u32, 1..200u32),
    ) {
        let mut place = Place::new();
        for (what, subject, hours, group, value, added) in steps {
            match what {
                0 | 1 => place.checkpoint(),
                2 => drop(place.layers.freeze()),
                3 => {
                    place.checkpoint();
                    place.reopen();
                }
                // Half of all usage is of one subject.
                _ => {
                    let subject = format!("s{}", if what % 2 == 0 { 0 } else { subject });
                    let sign = if added { Sign::Added } else { Sign::Removed };
                    place.measure(&subject, time(hours), group, value, sign);
                }
            }
        }
        let period = Period { start: time(start), end: time(start + length) };
        for period in [period, Period::ALWAYS] {
            for meter in 0..3 {
                for subject in ["s0", "s3", EVERYBODY, "nobody"] {
                    let read = place.read(subject, meter, period).unwrap();
                    expected(&place.model, |s, m| s == subject && m == meter, period, &read);
                }
                let read = place.read_all(meter, period);
                expected(&place.model, |_, m| m == meter, period, &read);
            }
        }
        let day = |hours: u32| Length::stretch(Length::Day.cell(Slot::quarter_of(time(hours))));
        for stretches in [vec![(Slot(0), Slot::quarter_of(Timestamp::MAX))], vec![day(0), day(start + 48)]] {
            for length in Length::FROM_LONGEST {
                for meter in 0..3 {
                    let read = place.read_everybody(meter, length, &stretches);
                    prop_assert_eq!(read, place.everybody(meter, length, &stretches), "{:?}", length);
                }
            }
        }
        prop_assert_eq!(place.layers.count().unwrap(), place.model.len() as u64);
    }
}

/// Files of many blocks.
fn large() -> Place {
    let mut place = Place::new();
    for part in 0..3 {
        for i in 0..6000u32 {
            let subject = format!("s{}", i % 700);
            place.measure(&subject, time(i % 97 + part), u8::try_from(i % 9).unwrap(), 5, Sign::Added);
        }
        place.checkpoint();
    }
    place
}

#[test]
fn a_subject_is_found_in_files_of_many_blocks() {
    let place = large();
    for number in [0, 1, 350, 698, 699] {
        let subject = format!("s{number}");
        for meter in 0..3 {
            let read = place.read(&subject, meter, Period::ALWAYS).unwrap();
            assert!(!read.is_empty());
            expected(&place.model, |s, m| s == subject && m == meter, Period::ALWAYS, &read);
        }
    }
}

#[test]
fn a_block_with_a_flipped_byte_is_an_error_and_its_file_is_not_used_again() {
    let mut place = large();
    let path = place.chain.list()[1].path.clone();
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x20;
    std::fs::write(&path, bytes).unwrap();
    let failed = (0..700).filter(|number| {
        let read = place.read(&format!("s{number}"), 0, Period::ALWAYS);
        match &read {
            Err(StoreError::Damaged { path: named, .. }) => assert_eq!(named, &path),
            Err(error) => panic!("{error}"),
            Ok(read) => {
                expected(&place.model, |s, m| s == format!("s{number}") && m == 0, Period::ALWAYS, read)
            }
        }
        read.is_err()
    });
    assert!((1..350).contains(&failed.count()));
    assert!(!path.exists());
    place.reopen();
    assert_eq!(place.chain.position(), 6000);
}

#[test]
fn cells_of_groups_that_are_no_more_go_when_runs_are_merged() {
    let mut place = large();
    for _ in 0..8 {
        assert!(!place.chain.is_untidy());
        for group in [0, 2] {
            place.measure("late", time(1), group, 5, Sign::Added);
        }
        place.push();
    }
    let kept = place.layers.groups_of(|meter| meter != 2);
    place.tidy(&kept);
    assert_eq!(place.chain.list().len(), 4);
    assert!(place.read("late", 2, Period::ALWAYS).unwrap().is_empty());
    let read = place.read("late", 0, Period::ALWAYS).unwrap();
    assert_eq!(read.len(), 1);
    expected(&place.model, |s, m| s == "late" && m == 0, Period::ALWAYS, &read);
}
