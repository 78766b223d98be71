//! What every handler works with: the database and what goes with it. Owns no rule of any part.

use std::sync::Arc;

use tombolo_daemon::shutdown::Shutdown;
use tombolo_pages::Pages;
use tombolo_serve::Clients;
use tombolo_storage::{Database, Deadline, Error, Query, Row};

use crate::Error as Failure;
use crate::accounts::Passwords;
use crate::catalogue::{Lengths, Thumbnails};
use crate::content::{self, Content};
use crate::downloads::Signer;
use crate::limits;
use crate::page::pages;
use crate::payments::Payments;
use crate::schema;
use crate::settings::Settings;
use crate::transfers::{Admission, Allowances, Book, Live, Streams};
use crate::uploads::Uploads;

/// A replica of the library.
#[derive(Debug)]
pub(crate) struct Library {
    pub(crate) database: Database,
    pub(crate) settings: Settings,
    pub(crate) shutdown: Shutdown,
    /// The bytes of items and of uploads.
    pub(crate) content: Arc<dyn Content>,
    pub(crate) uploads: Arc<Uploads>,
    /// By whom users pay.
    pub(crate) payments: Payments,
    /// The page's files.
    pub(crate) page: Pages,
    /// Tells clients from gateways.
    pub(crate) clients: Clients,
    pub(crate) passwords: Passwords,
    /// What this replica's requests move.
    pub(crate) book: Book,
    /// Who may begin to move something.
    pub(crate) admission: Admission,
    /// How many bytes users may still move this month.
    pub(crate) allowances: Allowances,
    /// What event streams are told.
    pub(crate) live: Live,
    /// How many event streams there are.
    pub(crate) streams: Streams,
    /// Signs links.
    pub(crate) signer: Signer,
    /// Makes small pictures.
    pub(crate) thumbnails: Thumbnails,
    pub(crate) lengths: Lengths,
}

impl Library {
    /// Opens the content and the database, and brings its tables up to date.
    pub(crate) async fn open(settings: Settings, shutdown: Shutdown) -> Result<Arc<Self>, Failure> {
        let content = content::open(&settings.objects).map_err(|source| Failure::Content {
            objects: settings.objects.clone(),
            source: source.into(),
        })?;
        Self::open_with(settings, content, shutdown).await
    }

    /// The same on content that is open.
    pub(crate) async fn open_with(
        settings: Settings,
        content: Arc<dyn Content>,
        shutdown: Shutdown,
    ) -> Result<Arc<Self>, Failure> {
        let passwords = Passwords::new()?;
        let database = Database::open(&settings.database, &schema::MIGRATIONS).await?;
        let pid = || format!("library-{}", std::process::id());
        let replica = settings.replica.clone().unwrap_or_else(pid);
        let uploads = Uploads::new(&database, Arc::clone(&content), &replica);
        let payments = Payments::open(&settings.payments)?;
        let page = pages()?;
        let clients = Clients::new(settings.trusted.clone(), settings.trust_loopback);
        let book = Book::new(settings.bandwidth);
        let admission = Admission::new(settings.transfers);
        let allowances = Allowances::new(database.clone());
        let thumbnails = Thumbnails::new(settings.child.clone());
        let lengths = Lengths::new(settings.child.clone());
        Ok(Arc::new(Self {
            database,
            content,
            uploads,
            settings,
            shutdown,
            clients,
            passwords,
            book,
            admission,
            allowances,
            live: Live::new(),
            streams: Streams::default(),
            signer: Signer::default(),
            thumbnails,
            lengths,
            payments,
            page,
        }))
    }

    /// Reads by one statement, within [`limits::READ_TIME`].
    pub(crate) async fn query(&self, query: Query) -> Result<Vec<Row>, Error> {
        self.database.query(reading(), query).await
    }

    /// Changes by one statement, within [`limits::WRITE_TIME`]; the rows that it returns.
    pub(crate) async fn call(&self, query: Query) -> Result<Vec<Row>, Error> {
        self.database.call(writing(), query).await
    }
}

/// Until when a read must be done.
pub(crate) fn reading() -> Deadline {
    Deadline::after(limits::READ_TIME)
}

/// Until when a change must be done.
pub(crate) fn writing() -> Deadline {
    Deadline::after(limits::WRITE_TIME)
}
