//! The tables, and the small steps by which they came to be.
//!
//! A step is never changed once it was released: a new one is added behind it. All steps that are
//! missing are taken in one transaction, by one node at a time: there is never a part of a schema.

use super::address::Address;
use super::error::{is_passing, reason};
use crate::StoreError;
use deadpool_postgres::Transaction;
use tokio_postgres::error::SqlState;

/// The lock that a node holds while it migrates ("uapp", 1).
const MIGRATING: i64 = 0x7561_7070_0000_0001;

/// The steps. A distributed PostgreSQL spreads the tables by the columns named here: claim by
/// fingerprint, log and delta by record, cell by subject, fate by target, document by id. The others are small
/// and stay whole.
const STEPS: &[&str] = &[
    "
    CREATE TABLE usage_app.meta (
        key text PRIMARY KEY,
        value bytea NOT NULL
    );

    -- What is counted without gaps, and the rows that whoever counts holds until the commit.
    CREATE TABLE usage_app.counter (
        name text PRIMARY KEY,
        value bigint NOT NULL
    ) WITH (fillfactor = 10);
    INSERT INTO usage_app.counter VALUES ('writer', 0), ('customer', 0), ('posting', 0), ('merge', 0),
        ('correction', 0), ('meter', 0), ('series', 0);

    -- A writer is held by one group of events at a time; which node it is of does not matter.
    CREATE TABLE usage_app.writer (
        id bigint PRIMARY KEY,
        next bigint NOT NULL -- the events that it wrote
    ) WITH (fillfactor = 10);

    -- The order of records: whatever was acknowledged before a group began has a smaller number.
    CREATE SEQUENCE usage_app.record_number MINVALUE 0;

    CREATE TABLE usage_app.log (
        record bigint PRIMARY KEY,
        writer bigint NOT NULL,
        first bigint NOT NULL, -- the writer's events before it
        events bigint NOT NULL,
        earliest bigint NOT NULL, -- nanoseconds since 1970, as all moments here
        latest bigint NOT NULL,
        body bytea NOT NULL
    );
    ALTER TABLE usage_app.log ALTER COLUMN body SET STORAGE EXTERNAL; -- packed already
    CREATE INDEX log_by_writer ON usage_app.log (writer, first);
    CREATE INDEX log_by_latest ON usage_app.log (latest, record);

    -- (source, id) of every event, as a keyed hash.
    CREATE TABLE usage_app.claim (
        fingerprint uuid PRIMARY KEY,
        content bigint NOT NULL,
        record bigint NOT NULL
    );

    -- What became of events that were corrected. An event's number is that of its record, with its place
    -- within the record in the lowest 24 bits.
    CREATE TABLE usage_app.fate (
        target bigint PRIMARY KEY,
        amended_by bigint, -- nothing where it was taken back
        changes bigint NOT NULL -- how often a charge came or went as it was corrected
    );

    -- What a record adds to the cells, until it is merged into them.
    CREATE TABLE usage_app.delta (
        record bigint PRIMARY KEY,
        cells bytea NOT NULL
    );
    ALTER TABLE usage_app.delta ALTER COLUMN cells SET STORAGE EXTERNAL;

    -- A subject's cells of one UTC day; those of everybody (the empty subject) of one quarter-hour.
    -- Subjects are the bytes of their names: any text is one.
    CREATE TABLE usage_app.cell (
        subject bytea NOT NULL,
        quarter integer NOT NULL, -- its first quarter-hour since 1970
        cells bytea NOT NULL,
        PRIMARY KEY (subject, quarter)
    ) WITH (fillfactor = 80);

    CREATE TABLE usage_app.meter (
        id text PRIMARY KEY,
        series bigint NOT NULL UNIQUE, -- the number of its sums, never used again
        covered boolean NOT NULL, -- whether the cells have its sums; otherwise the log is read
        key text NOT NULL UNIQUE,
        name text,
        description text,
        aggregation text NOT NULL,
        event_type bytea NOT NULL,
        value_property bytea,
        event_from bigint,
        metadata text,
        created_at bigint NOT NULL,
        updated_at bigint NOT NULL
    );

    CREATE TABLE usage_app.dimension (
        meter text NOT NULL REFERENCES usage_app.meter ON DELETE CASCADE,
        name text NOT NULL,
        path bytea NOT NULL,
        PRIMARY KEY (meter, name)
    );

    CREATE TABLE usage_app.customer (
        number bigint PRIMARY KEY,
        id text NOT NULL UNIQUE,
        key text,
        name text NOT NULL,
        currency text NOT NULL,
        time_zone text NOT NULL,
        description text,
        primary_email text,
        billing_address text,
        metadata text,
        created_at bigint NOT NULL,
        updated_at bigint NOT NULL,
        deleted_at bigint
    );
    CREATE UNIQUE INDEX customer_by_key ON usage_app.customer (key) WHERE deleted_at IS NULL;

    -- Who pays for a subject's usage, from a moment to a moment.
    CREATE TABLE usage_app.payer (
        subject bytea NOT NULL,
        from_time bigint NOT NULL,
        until_time bigint NOT NULL, -- the end of time where it still holds
        customer bigint NOT NULL REFERENCES usage_app.customer,
        listed boolean NOT NULL, -- false: only because the subject is the customer's key
        PRIMARY KEY (subject, from_time)
    );
    CREATE INDEX payer_by_customer ON usage_app.payer (customer);

    -- What is known about a subject; usage needs none of it.
    CREATE TABLE usage_app.subject (
        key bytea PRIMARY KEY,
        id text NOT NULL UNIQUE,
        display_name text,
        metadata text,
        created_at bigint NOT NULL,
        updated_at bigint NOT NULL
    );

    CREATE TABLE usage_app.posting (
        id bigint PRIMARY KEY,
        customer bigint NOT NULL REFERENCES usage_app.customer,
        month text NOT NULL,
        accumulated text NOT NULL,
        currency text NOT NULL,
        changes bigint NOT NULL,
        position text NOT NULL,
        created_at bigint NOT NULL,
        updated_at bigint NOT NULL,
        UNIQUE (customer, month)
    );
",
    "
    -- Revisions of documents: none is drawn twice, whatever becomes of the transaction.
    CREATE SEQUENCE usage_app.revision;

    -- What billing keeps, as it is: no column is taken from a body. Ids are in the order of their bytes.
    CREATE TABLE usage_app.document (
        kind text COLLATE \"C\" NOT NULL,
        id text COLLATE \"C\" NOT NULL,
        owner text, -- the id of a customer, whom it outlives
        revision bigint NOT NULL,
        body text NOT NULL,
        PRIMARY KEY (kind, id)
    );
    CREATE INDEX document_by_owner ON usage_app.document (owner, kind, id) WHERE owner IS NOT NULL;
",
];

/// Tables of others: of no extension, and not the database's own.
const THEIRS: &str = "
    SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND n.nspname NOT LIKE 'pg_t%'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                      AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY 1 LIMIT 1";

/// Checks that the database is this program's, of a version that is known, or new; brings it up to
/// the newest one, and gives its secret. `secret` becomes that of a new one.
pub(super) async fn migrate(
    transaction: &Transaction<'_>,
    address: &Address,
    secret: [u8; 16],
) -> Result<[u8; 16], StoreError> {
    let failed = failed(address);
    // Whoever comes second waits, and finds everything done.
    transaction.execute("SET LOCAL lock_timeout = 0", &[]).await.map_err(failed)?;
    transaction.execute("SET LOCAL statement_timeout = '10min'", &[]).await.map_err(failed)?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATING]).await.map_err(failed)?;
    let encoding = transaction.query_one("SHOW server_encoding", &[]).await.map_err(failed)?;
    if encoding.get::<_, &str>(0) != "UTF8" {
        return Err(address.wrong(format!("its encoding is {}, not UTF8", encoding.get::<_, &str>(0))));
    }
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    let version = match version(transaction).await.map_err(failed)? {
        Version::Of(version) if version > known => {
            return Err(address.wrong(format!(
                "its tables have version {version} and this usage_app knows versions up to {known}; use a newer usage_app"
            )));
        }
        Version::Of(version) => version,
        Version::Unknown => return Err(unknown(address)),
        Version::None => {
            if let Some(row) = transaction.query_opt(THEIRS, &[]).await.map_err(failed)? {
                return Err(address.wrong(format!(
                    "it belongs to another program (it has the table {}); give usage_app a database of its own",
                    row.get::<_, &str>(0)
                )));
            }
            create_schema(transaction).await.map_err(failed)?;
            0
        }
    };
    for (step, next) in STEPS.iter().zip(1i64..).skip(usize::try_from(version).unwrap_or(0)) {
        transaction.batch_execute(step).await.map_err(failed)?;
        if next == 1 {
            let sql = "INSERT INTO usage_app.meta VALUES ('secret', $1), ('version', '0')";
            transaction.execute(sql, &[&secret.as_slice()]).await.map_err(failed)?;
        }
        let sql = "UPDATE usage_app.meta SET value = $1 WHERE key = 'version'";
        transaction.execute(sql, &[&next.to_string().as_bytes()]).await.map_err(failed)?;
    }
    let sql = "SELECT value FROM usage_app.meta WHERE key = 'secret'";
    let row = transaction.query_one(sql, &[]).await.map_err(failed)?;
    row.get::<_, &[u8]>(0)
        .try_into()
        .map_err(|_| address.wrong("its secret has another length than 16 bytes"))
}

/// Whether the database has this program's tables, of whatever version. Changes nothing.
pub(super) async fn exists(transaction: &Transaction<'_>, address: &Address) -> Result<bool, StoreError> {
    match version(transaction).await {
        Ok(Version::Of(_)) => Ok(true),
        Ok(Version::None) => Ok(false),
        Ok(Version::Unknown) => Err(unknown(address)),
        Err(error) => Err(failed(address)(error)),
    }
}

fn unknown(address: &Address) -> StoreError {
    address.wrong("its schema usage_app is not one of this program")
}

/// What keeps a database from being used.
fn failed(address: &Address) -> impl Fn(tokio_postgres::Error) -> StoreError + Copy {
    move |error| match error.code() {
        Some(state) if *state == SqlState::INSUFFICIENT_PRIVILEGE => {
            address.wrong(format!("{}; the role needs more rights", reason(&error)))
        }
        Some(_) if !is_passing(&error) => address.wrong(reason(&error)),
        _ => address.unreachable(&reason(&error)),
    }
}

enum Version {
    /// There is no schema of this name, or it is empty.
    None,
    /// There is one, and it is of somebody else.
    Unknown,
    Of(i64),
}

async fn version(transaction: &Transaction<'_>) -> Result<Version, tokio_postgres::Error> {
    let sql = "SELECT coalesce(bool_or(c.relname = 'meta'), false), count(*) > 0 FROM pg_class c
               JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'usage_app'";
    let row = transaction.query_one(sql, &[]).await?;
    let (has_meta, has_any): (bool, bool) = (row.get(0), row.get(1));
    if !has_meta {
        return Ok(if has_any { Version::Unknown } else { Version::None });
    }
    let sql = "SELECT value FROM usage_app.meta WHERE key = 'version'";
    let row = transaction.query_opt(sql, &[]).await?;
    let text = row.and_then(|row| String::from_utf8(row.get(0)).ok());
    Ok(text.and_then(|text| text.parse().ok()).map_or(Version::Unknown, Version::Of))
}

/// Makes the schema, unless whoever looks after the database has made it for this role.
async fn create_schema(transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
    let sql = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'usage_app')";
    if !transaction.query_one(sql, &[]).await?.get::<_, bool>(0) {
        transaction.execute("CREATE SCHEMA usage_app", &[]).await?;
    }
    Ok(())
}
