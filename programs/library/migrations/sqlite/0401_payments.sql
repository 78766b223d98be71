CREATE TABLE library_subscription (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    plan TEXT NOT NULL REFERENCES library_plan (id),
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'past_due', 'ended')),
    anchor INTEGER NOT NULL,
    period INTEGER NOT NULL,
    due INTEGER NOT NULL,
    cancel_at_end INTEGER NOT NULL,
    next_plan TEXT REFERENCES library_plan (id),
    provider TEXT NOT NULL,
    customer TEXT,
    method TEXT,
    origin TEXT NOT NULL,
    created INTEGER NOT NULL,
    ended INTEGER
);
-- One at a time for each user.
CREATE UNIQUE INDEX library_subscription_live ON library_subscription (user_id)
    WHERE state <> 'ended';
CREATE INDEX library_subscription_due ON library_subscription (due)
    WHERE state <> 'ended';
CREATE INDEX library_subscription_user ON library_subscription (user_id, id);

-- Numbers of invoices: a sequence would leave gaps.
CREATE TABLE library_counter (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
);
INSERT INTO library_counter VALUES ('invoice', 0), ('credit-note', 0);

CREATE TABLE library_invoice (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('invoice', 'credit-note')),
    number TEXT UNIQUE,
    about TEXT REFERENCES library_invoice (id),
    user_id TEXT NOT NULL,
    subscription TEXT NOT NULL REFERENCES library_subscription (id),
    reason TEXT NOT NULL,
    plan TEXT NOT NULL,
    price INTEGER NOT NULL,
    credit INTEGER NOT NULL,
    total INTEGER NOT NULL CHECK (total > 0),
    currency TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('draft', 'open', 'paid', 'void', 'uncollectible')),
    period_start INTEGER NOT NULL,
    period_end INTEGER NOT NULL,
    buyer TEXT NOT NULL,
    issued INTEGER NOT NULL,
    due INTEGER NOT NULL,
    paid INTEGER,
    -- The same month, or the same change, is invoiced once.
    UNIQUE (subscription, reason)
);
CREATE INDEX library_invoice_user ON library_invoice (user_id, id);
CREATE INDEX library_invoice_issued ON library_invoice (issued);
CREATE INDEX library_invoice_open ON library_invoice (due) WHERE state = 'open';
-- A finalised invoice never changes: only its state does.
CREATE TRIGGER library_invoice_final BEFORE UPDATE ON library_invoice
WHEN OLD.state <> 'draft' AND (NEW.state = 'draft' OR NEW.id <> OLD.id OR NEW.kind <> OLD.kind
    OR NEW.number IS NOT OLD.number OR NEW.about IS NOT OLD.about OR NEW.user_id <> OLD.user_id
    OR NEW.subscription <> OLD.subscription OR NEW.reason <> OLD.reason OR NEW.plan <> OLD.plan
    OR NEW.price <> OLD.price OR NEW.credit <> OLD.credit OR NEW.total <> OLD.total
    OR NEW.currency <> OLD.currency OR NEW.period_start <> OLD.period_start
    OR NEW.period_end <> OLD.period_end OR NEW.buyer <> OLD.buyer OR NEW.issued <> OLD.issued
    OR NEW.due <> OLD.due)
BEGIN
    SELECT RAISE(ABORT, 'a finalised invoice cannot be changed');
END;
CREATE TRIGGER library_invoice_kept BEFORE DELETE ON library_invoice WHEN OLD.state <> 'draft'
BEGIN
    SELECT RAISE(ABORT, 'a finalised invoice cannot be deleted');
END;

CREATE TABLE library_payment (
    id TEXT PRIMARY KEY,
    invoice TEXT NOT NULL REFERENCES library_invoice (id),
    subscription TEXT NOT NULL REFERENCES library_subscription (id),
    user_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('asked', 'open', 'captured', 'failed', 'mismatch')),
    is_checkout INTEGER NOT NULL,
    object TEXT,
    intent TEXT,
    url TEXT,
    captured INTEGER NOT NULL,
    refunded INTEGER NOT NULL,
    detail TEXT NOT NULL,
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    -- When it is looked at next, and how often that failed.
    look INTEGER NOT NULL,
    failures INTEGER NOT NULL
);
CREATE UNIQUE INDEX library_payment_object ON library_payment (provider, object);
CREATE INDEX library_payment_intent ON library_payment (provider, intent);
CREATE INDEX library_payment_look ON library_payment (look);
CREATE INDEX library_payment_invoice ON library_payment (invoice);
CREATE INDEX library_payment_created ON library_payment (created);

CREATE TABLE library_refund (
    id TEXT PRIMARY KEY,
    payment TEXT NOT NULL REFERENCES library_payment (id),
    amount INTEGER NOT NULL CHECK (amount > 0),
    reason TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('asked', 'done', 'failed')),
    object TEXT,
    created INTEGER NOT NULL,
    look INTEGER NOT NULL,
    failures INTEGER NOT NULL
);
CREATE INDEX library_refund_look ON library_refund (look) WHERE state = 'asked';
CREATE INDEX library_refund_payment ON library_refund (payment);

CREATE TABLE library_event (
    provider TEXT NOT NULL,
    id TEXT NOT NULL,
    payment TEXT NOT NULL,
    object TEXT NOT NULL,
    received INTEGER NOT NULL,
    done INTEGER,
    look INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    PRIMARY KEY (provider, id)
) WITHOUT ROWID;
CREATE INDEX library_event_look ON library_event (look) WHERE done IS NULL;
CREATE INDEX library_event_received ON library_event (received);

CREATE TABLE library_ledger (
    kind TEXT NOT NULL,
    reference TEXT NOT NULL,
    time INTEGER NOT NULL,
    PRIMARY KEY (kind, reference)
) WITHOUT ROWID;
CREATE TABLE library_ledger_entry (
    kind TEXT NOT NULL,
    reference TEXT NOT NULL,
    line INTEGER NOT NULL,
    account TEXT NOT NULL,
    owner TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount <> 0),
    currency TEXT NOT NULL,
    time INTEGER NOT NULL,
    PRIMARY KEY (kind, reference, line),
    FOREIGN KEY (kind, reference) REFERENCES library_ledger (kind, reference)
) WITHOUT ROWID;
CREATE INDEX library_ledger_entry_account ON library_ledger_entry (account, owner, time);
CREATE TRIGGER library_ledger_fixed BEFORE UPDATE ON library_ledger_entry
BEGIN
    SELECT RAISE(ABORT, 'the ledger cannot be changed');
END;
CREATE TRIGGER library_ledger_kept BEFORE DELETE ON library_ledger_entry
BEGIN
    SELECT RAISE(ABORT, 'the ledger cannot be changed');
END;

-- Requests with an Idempotency-Key, and how they were answered.
CREATE TABLE library_request (
    user_id TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    until INTEGER NOT NULL,
    status INTEGER,
    body TEXT,
    created INTEGER NOT NULL,
    PRIMARY KEY (user_id, key)
) WITHOUT ROWID;
CREATE INDEX library_request_created ON library_request (created);
