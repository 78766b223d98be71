CREATE TABLE library_subscription (
    id TEXT COLLATE "C" PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL,
    plan TEXT NOT NULL REFERENCES library_plan (id),
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'past_due', 'ended')),
    anchor BIGINT NOT NULL,
    period BIGINT NOT NULL,
    due BIGINT NOT NULL,
    cancel_at_end BIGINT NOT NULL,
    next_plan TEXT REFERENCES library_plan (id),
    provider TEXT NOT NULL,
    customer TEXT,
    method TEXT,
    origin TEXT NOT NULL,
    created BIGINT NOT NULL,
    ended BIGINT
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
    value BIGINT NOT NULL
);
INSERT INTO library_counter VALUES ('invoice', 0), ('credit-note', 0);

CREATE TABLE library_invoice (
    id TEXT COLLATE "C" PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('invoice', 'credit-note')),
    number TEXT UNIQUE,
    about TEXT REFERENCES library_invoice (id),
    user_id TEXT COLLATE "C" NOT NULL,
    subscription TEXT NOT NULL REFERENCES library_subscription (id),
    reason TEXT NOT NULL,
    plan TEXT NOT NULL,
    price BIGINT NOT NULL,
    credit BIGINT NOT NULL,
    total BIGINT NOT NULL CHECK (total > 0),
    currency TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('draft', 'open', 'paid', 'void', 'uncollectible')),
    period_start BIGINT NOT NULL,
    period_end BIGINT NOT NULL,
    buyer TEXT NOT NULL,
    issued BIGINT NOT NULL,
    due BIGINT NOT NULL,
    paid BIGINT,
    -- The same month, or the same change, is invoiced once.
    UNIQUE (subscription, reason)
);
CREATE INDEX library_invoice_user ON library_invoice (user_id, id);
CREATE INDEX library_invoice_issued ON library_invoice (issued);
CREATE INDEX library_invoice_open ON library_invoice (due) WHERE state = 'open';
-- A finalised invoice never changes: only its state does.
CREATE FUNCTION library_invoice_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a finalised invoice cannot be changed';
END
$$;
CREATE TRIGGER library_invoice_final BEFORE UPDATE ON library_invoice FOR EACH ROW
WHEN (OLD.state <> 'draft' AND (NEW.state = 'draft' OR (to_jsonb(NEW) - 'state' - 'paid')
    <> (to_jsonb(OLD) - 'state' - 'paid')))
EXECUTE FUNCTION library_invoice_refuse();
CREATE TRIGGER library_invoice_kept BEFORE DELETE ON library_invoice FOR EACH ROW
WHEN (OLD.state <> 'draft') EXECUTE FUNCTION library_invoice_refuse();

CREATE TABLE library_payment (
    id TEXT COLLATE "C" PRIMARY KEY,
    invoice TEXT NOT NULL REFERENCES library_invoice (id),
    subscription TEXT NOT NULL REFERENCES library_subscription (id),
    user_id TEXT COLLATE "C" NOT NULL,
    provider TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('asked', 'open', 'captured', 'failed', 'mismatch')),
    is_checkout BIGINT NOT NULL,
    object TEXT COLLATE "C",
    intent TEXT COLLATE "C",
    url TEXT,
    captured BIGINT NOT NULL,
    refunded BIGINT NOT NULL,
    detail TEXT NOT NULL,
    created BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    -- When it is looked at next, and how often that failed.
    look BIGINT NOT NULL,
    failures BIGINT NOT NULL
);
CREATE UNIQUE INDEX library_payment_object ON library_payment (provider, object);
CREATE INDEX library_payment_intent ON library_payment (provider, intent);
CREATE INDEX library_payment_look ON library_payment (look);
CREATE INDEX library_payment_invoice ON library_payment (invoice);
CREATE INDEX library_payment_created ON library_payment (created);

CREATE TABLE library_refund (
    id TEXT COLLATE "C" PRIMARY KEY,
    payment TEXT NOT NULL REFERENCES library_payment (id),
    amount BIGINT NOT NULL CHECK (amount > 0),
    reason TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('asked', 'done', 'failed')),
    object TEXT COLLATE "C",
    created BIGINT NOT NULL,
    look BIGINT NOT NULL,
    failures BIGINT NOT NULL
);
CREATE INDEX library_refund_look ON library_refund (look) WHERE state = 'asked';
CREATE INDEX library_refund_payment ON library_refund (payment);

CREATE TABLE library_event (
    provider TEXT NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    payment TEXT NOT NULL,
    object TEXT COLLATE "C" NOT NULL,
    received BIGINT NOT NULL,
    done BIGINT,
    look BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    PRIMARY KEY (provider, id)
);
CREATE INDEX library_event_look ON library_event (look) WHERE done IS NULL;
CREATE INDEX library_event_received ON library_event (received);

CREATE TABLE library_ledger (
    kind TEXT NOT NULL,
    reference TEXT NOT NULL,
    time BIGINT NOT NULL,
    PRIMARY KEY (kind, reference)
);
CREATE TABLE library_ledger_entry (
    kind TEXT NOT NULL,
    reference TEXT NOT NULL,
    line BIGINT NOT NULL,
    account TEXT NOT NULL,
    owner TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount <> 0),
    currency TEXT NOT NULL,
    time BIGINT NOT NULL,
    PRIMARY KEY (kind, reference, line),
    FOREIGN KEY (kind, reference) REFERENCES library_ledger (kind, reference)
);
CREATE INDEX library_ledger_entry_account ON library_ledger_entry (account, owner, time);
CREATE FUNCTION library_ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger cannot be changed';
END
$$;
CREATE TRIGGER library_ledger_fixed BEFORE UPDATE OR DELETE ON library_ledger_entry
EXECUTE FUNCTION library_ledger_refuse();

-- Requests with an Idempotency-Key, and how they were answered.
CREATE TABLE library_request (
    user_id TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    fingerprint TEXT NOT NULL,
    until BIGINT NOT NULL,
    status BIGINT,
    body TEXT,
    created BIGINT NOT NULL,
    PRIMARY KEY (user_id, key)
);
CREATE INDEX library_request_created ON library_request (created);
