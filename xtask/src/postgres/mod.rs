//! A PostgreSQL server for the tests: its own cluster in a temporary folder, on a free port of this
//! machine. No server that somebody else runs is ever used.

mod certificates;

use crate::Result;
use crate::workspace::{output, run};
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// What the tests read its address from.
pub(crate) const ADDRESS: &str = "USAGE_TEST_POSTGRES";
/// The folder of the authorities `ca.pem`, which signed the server's certificate, and `other.pem`.
const AUTHORITIES: &str = "USAGE_TEST_POSTGRES_AUTHORITIES";
/// With the value 1, tests that lack a server fail instead of being left out.
const REQUIRED: &str = "USAGE_REQUIRE_POSTGRES";

const ROLE: &str = "usage_test";
/// Where a server's certificates are, in its folder.
const CERTIFICATES: &str = "certificates";

static MADE: AtomicU32 = AtomicU32::new(0);

/// How long it may take to start.
const START: Duration = Duration::from_secs(60);

/// A server; it is stopped, and its folder removed, when this goes.
pub(crate) struct Server {
    programs: PathBuf,
    user: User,
    folder: PathBuf,
    port: u16,
    process: Child,
    address: String,
}

/// Whether tests of PostgreSQL must not be left out.
pub(crate) fn is_required() -> bool {
    std::env::var_os(REQUIRED).is_some_and(|value| value == "1")
}

impl Server {
    /// Starts a server; installs PostgreSQL first where it is missing and that is possible.
    pub(crate) fn start() -> Result<Server> {
        let programs = match programs() {
            Some(programs) => programs,
            None => {
                install()?;
                programs().ok_or("PostgreSQL was installed, and its programs are not there")?
            }
        };
        let user = User::find()?;
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = place().join(format!("usage-postgres-{}-{number}", std::process::id()));
        fs::create_dir(&folder)?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
        let started = make(&programs, &user, &folder).and_then(|password| {
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            let process = spawn(&programs, &user, &folder, port)?;
            let address = format!("postgres://{ROLE}:{password}@127.0.0.1:{port}/postgres");
            Ok(Server { programs, user, folder: folder.clone(), port, process, address })
        });
        if started.is_err() {
            let _ = fs::remove_dir_all(&folder);
        }
        let mut server = started?;
        server.wait_until_ready()?;
        Ok(server)
    }

    /// The address of a database in it, with a role that may do everything.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// What tests read to find it.
    pub(crate) fn settings(&self) -> [(&'static str, String); 3] {
        let authorities = self.folder.join(CERTIFICATES).display().to_string();
        [(ADDRESS, self.address.clone()), (AUTHORITIES, authorities), (REQUIRED, "1".to_string())]
    }

    /// Stops it as `pg_ctl stop -m immediate` does: nothing is written any more, every connection ends.
    pub(crate) fn crash(&mut self) -> Result<()> {
        run(Command::new("kill").args(["-QUIT", &self.process.id().to_string()]))?;
        self.process.wait()?;
        Ok(())
    }

    /// Starts it again after a crash, at the same address.
    pub(crate) fn restart(&mut self) -> Result<()> {
        self.process = spawn(&self.programs, &self.user, &self.folder, self.port)?;
        self.wait_until_ready()
    }

    /// Runs SQL in a database of the server, and gives what it prints, without headings.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> Result<String> {
        let (server, _) = self.address.rsplit_once('/').ok_or("an address without a database")?;
        let mut psql = Command::new(self.programs.join("psql"));
        output(
            psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql])
                .arg(format!("{server}/{database}")),
        )
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let (start, port) = (Instant::now(), self.port.to_string());
        let ready = || {
            let mut asked = Command::new(self.programs.join("pg_isready"));
            let asked = asked.args(["-q", "-h", "127.0.0.1", "-p", &port]).status();
            asked.is_ok_and(|status| status.success())
        };
        while !ready() {
            if self.process.try_wait()?.is_some() || start.elapsed() > START {
                let said = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                return Err(format!("PostgreSQL does not start: {}", said.trim_end()).into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends its connections and stops; what it kept is not needed.
        let _ = run(Command::new("kill").args(["-INT", &self.process.id().to_string()]));
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Mebibytes that must be free in memory for a cluster to be kept there.
const ROOM: u64 = 2048;

/// Where clusters are made: in memory where there is room, because making a database is making hundreds of files.
fn place() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let mut free = Command::new("df");
    let free = output(free.args(["--output=avail", "--block-size=1M"]).arg(memory));
    let free = free.ok().and_then(|said| said.lines().last()?.trim().parse().ok());
    match free {
        Some(ROOM..) => memory.to_path_buf(),
        _ => std::env::temp_dir(),
    }
}

/// Makes a cluster in a folder, with certificates; gives the role's password.
fn make(programs: &Path, user: &User, folder: &Path) -> Result<String> {
    let (secret, password) = (folder.join("password"), password()?);
    fs::write(&secret, &password)?;
    let certificates = folder.join(CERTIFICATES);
    certificates::make(&certificates)?;
    for path in [folder, &secret, &certificates.join(certificates::KEY)] {
        user.give(path)?;
    }
    let settings = [
        "--username",
        ROLE,
        "--pwfile",
        &secret.to_string_lossy(),
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
    ];
    let mut initdb = user.command(&programs.join("initdb"), folder);
    output(initdb.arg("-D").arg(folder.join("data")).args(settings))?;
    Ok(password)
}

/// Starts a cluster's server.
fn spawn(programs: &Path, user: &User, folder: &Path, port: u16) -> Result<Child> {
    let log = fs::File::options().append(true).create(true).open(folder.join("log"))?;
    let certificate = |name: &str| folder.join(CERTIFICATES).join(name).display().to_string();
    let settings = [
        format!("unix_socket_directories={}", folder.display()),
        "listen_addresses=127.0.0.1".to_string(),
        "max_connections=300".to_string(),
        // Nothing of it is to outlive the machine.
        "fsync=off".to_string(),
        "full_page_writes=off".to_string(),
        "max_wal_size=256MB".to_string(),
        "ssl=on".to_string(),
        format!("ssl_cert_file={}", certificate(certificates::CERTIFICATE)),
        format!("ssl_key_file={}", certificate(certificates::KEY)),
    ];
    let mut postgres = user.command(&programs.join("postgres"), folder);
    postgres.arg("-D").arg(folder.join("data")).args(["-p", &port.to_string()]);
    for setting in settings {
        postgres.args(["-c", &setting]);
    }
    Ok(postgres.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?)
}

/// The folder of PostgreSQL's programs: of the path, or the newest of the Debian packages.
fn programs() -> Option<PathBuf> {
    let whole = |folder: &PathBuf| {
        ["initdb", "postgres", "pg_isready", "psql"].iter().all(|name| folder.join(name).is_file())
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(found) = std::env::split_paths(&path).find(|folder| whole(folder)) {
        return Some(found);
    }
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.filter_map(|entry| entry.ok());
    let folders = versions.map(|entry| entry.path().join("bin")).filter(whole);
    let version = |folder: &PathBuf| -> Option<u32> { folder.parent()?.file_name()?.to_str()?.parse().ok() };
    folders.max_by_key(version)
}

fn install() -> Result<()> {
    let missing = "PostgreSQL's programs are missing; install the package 'postgresql'";
    if !is_root()? || Command::new("apt-get").arg("--version").output().is_err() {
        return Err(missing.into());
    }
    println!("PostgreSQL's programs are missing: installing the Debian package");
    for arguments in [&["update"][..], &["install", "--yes", "--no-install-recommends", "postgresql"]] {
        let mut command = Command::new("apt-get");
        output(command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
            .map_err(|failure| format!("{missing}: {failure}"))?;
    }
    Ok(())
}

fn is_root() -> Result<bool> {
    Ok(output(Command::new("id").arg("-u"))?.trim() == "0")
}

/// Who runs the server: it refuses to be root.
struct User(Option<(u32, u32)>);

impl User {
    fn find() -> Result<User> {
        if !is_root()? {
            return Ok(User(None));
        }
        for name in ["postgres", "nobody"] {
            let id = |which: &str| -> Result<u32> {
                Ok(output(Command::new("id").args([which, name]))?.trim().parse()?)
            };
            if let (Ok(user), Ok(group)) = (id("-u"), id("-g")) {
                return Ok(User(Some((user, group))));
            }
        }
        Err("PostgreSQL refuses to be run by root, and there is no user 'postgres' or 'nobody'".into())
    }

    fn give(&self, path: &Path) -> Result<()> {
        if let Some((user, group)) = self.0 {
            chown(path, Some(user), Some(group))?;
        }
        Ok(())
    }

    /// A command of this user, in a folder that is its own.
    fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder);
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
        command
    }
}

/// A password that nobody else on this machine knows.
fn password() -> Result<String> {
    let mut bytes = [0u8; 16];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
