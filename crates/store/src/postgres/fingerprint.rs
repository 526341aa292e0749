//! Fingerprints of claims: 128 bits that stand for (source, id).
//!
//! They are taken as exact. The hash is keyed with a secret of the database, so that nobody can look
//! for two claims that share one, and among 10^12 events the odds that any two share one by chance
//! are below 10^-14: a disk returns a wrong bit unnoticed more often.

use crate::embedded::projection::claims::HashKey;
use bytes::BytesMut;
use siphasher::sip128::{Hasher128, SipHasher13};
use std::error::Error;
use std::hash::Hasher;

use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

/// What a claim's row is keyed by. The order is that of the database's type `uuid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Fingerprint(u128);

impl Fingerprint {
    /// The fingerprint of the pair that names an event.
    pub(super) fn of(key: &HashKey, source: &str, id: &str) -> Fingerprint {
        let mut hasher = SipHasher13::new_with_key(&key.0);
        for part in [source, id] {
            hasher.write_u64(part.len() as u64);
            hasher.write(part.as_bytes());
        }
        let hash = hasher.finish128();
        Fingerprint(u128::from(hash.h1) << 64 | u128::from(hash.h2))
    }

    /// As the database keeps it.
    pub(super) fn bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// A figure of which sums tell whether two sets of claims are the same, in any order.
    pub(super) fn digest(self, content: u64, record: i64) -> u128 {
        let rest = u128::from(content) << 64 | u128::from(record.cast_unsigned());
        // Odd factors spread the parts over all bits, so that parts that change places show.
        let mixed = self.0 ^ rest.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        mixed.wrapping_mul(mixed >> 64 | 1)
    }
}

impl ToSql for Fingerprint {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(&self.bytes());
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::UUID
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Fingerprint {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Fingerprint, Box<dyn Error + Sync + Send>> {
        Ok(Fingerprint(u128::from_be_bytes(raw.try_into()?)))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::UUID
    }
}
