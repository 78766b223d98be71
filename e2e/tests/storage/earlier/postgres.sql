-- A chat's database as the program of commit a8b496e (2026-11-22) left it: made by that program,
-- written down as SQL. Never change it.
CREATE TABLE public.chat_log (
    one integer NOT NULL,
    epoch bigint NOT NULL,
    identity text NOT NULL,
    CONSTRAINT chat_log_one_check CHECK ((one = 1))
);
CREATE TABLE public.chat_message (
    room bigint NOT NULL,
    seq bigint NOT NULL,
    id text NOT NULL,
    author text NOT NULL,
    text text NOT NULL,
    "time" bigint NOT NULL,
    replica text NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.chat_room (
    id bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    updated bigint NOT NULL
)
WITH (fillfactor='50');
ALTER TABLE public.chat_room ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.chat_room_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.tombolo_migration (
    service text NOT NULL,
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL
);
INSERT INTO public.chat_log VALUES (1, 121225650239917, 'server 7714208639123764460 1 16409');
INSERT INTO public.chat_message VALUES (1, 1, '01a23027-0c55-744d-96c5-7bd488289a7f', 'Ana', 'message 0 — ñ ''quoted'' 😀', 1796104195157, 'chat-27171', 'i01a23027-0c55-744d-96c5-7bd488289a7f');
INSERT INTO public.chat_message VALUES (2, 1, '01a23027-0c5d-7765-99fe-ac92db27d0bd', 'Ana', 'message 1 — ñ ''quoted'' 😀', 1796104195165, 'chat-27171', 'kkey-1');
INSERT INTO public.chat_message VALUES (2, 2, '01a23027-0c69-75c4-8016-dff48bf3c9ce', 'Ana', 'message 2 — ñ ''quoted'' 😀', 1796104195177, 'chat-27171', 'i01a23027-0c69-75c4-8016-dff48bf3c9ce');
INSERT INTO public.chat_message VALUES (1, 2, '01a23027-0c71-70de-a635-e9f31b14a59a', 'Ana', 'message 3 — ñ ''quoted'' 😀', 1796104195185, 'chat-27171', 'kkey-3');
INSERT INTO public.chat_message VALUES (2, 3, '01a23027-0c75-7789-9f4b-993018ee024c', 'Ana', 'message 4 — ñ ''quoted'' 😀', 1796104195189, 'chat-27171', 'i01a23027-0c75-7789-9f4b-993018ee024c');
INSERT INTO public.chat_message VALUES (2, 4, '01a23027-0c79-705f-ad89-03739b012c4d', 'Ana', 'message 5 — ñ ''quoted'' 😀', 1796104195193, 'chat-27171', 'kkey-5');
INSERT INTO public.chat_message VALUES (1, 3, '01a23027-0c80-724e-80d1-7d3bf535583e', 'Ana', 'message 6 — ñ ''quoted'' 😀', 1796104195200, 'chat-27171', 'i01a23027-0c80-724e-80d1-7d3bf535583e');
INSERT INTO public.chat_message VALUES (2, 5, '01a23027-0c89-71c8-8d4c-02661a9068d8', 'Ana', 'message 7 — ñ ''quoted'' 😀', 1796104195209, 'chat-27171', 'kkey-7');
INSERT INTO public.chat_message VALUES (2, 6, '01a23027-0c8d-728e-b237-77b0463ef7d2', 'Ana', 'message 8 — ñ ''quoted'' 😀', 1796104195213, 'chat-27171', 'i01a23027-0c8d-728e-b237-77b0463ef7d2');
INSERT INTO public.chat_message VALUES (1, 4, '01a23027-0c91-75d7-99f2-2ce3d2741de1', 'Ana', 'message 9 — ñ ''quoted'' 😀', 1796104195217, 'chat-27171', 'kkey-9');
INSERT INTO public.chat_message VALUES (2, 7, '01a23027-0c99-70e7-8d29-a6e0f97d44dd', 'Ana', 'message 10 — ñ ''quoted'' 😀', 1796104195225, 'chat-27171', 'i01a23027-0c99-70e7-8d29-a6e0f97d44dd');
INSERT INTO public.chat_message VALUES (2, 8, '01a23027-0c9d-74fe-80d2-1ee4e434e6bc', 'Ana', 'message 11 — ñ ''quoted'' 😀', 1796104195229, 'chat-27171', 'kkey-11');
INSERT INTO public.chat_room OVERRIDING SYSTEM VALUE VALUES (1, 'team', 1, 4, 1796104195217);
INSERT INTO public.chat_room OVERRIDING SYSTEM VALUE VALUES (2, 'lobby', 1, 8, 1796104195229);
INSERT INTO public.tombolo_migration VALUES ('chat', 1, 'rooms and messages', 'bc5fc1f9851b76cdf8248b2e5e5f3b8cdb441990fe743ee2dbd7b2c493a63df5');
ALTER TABLE ONLY public.chat_log
    ADD CONSTRAINT chat_log_pkey PRIMARY KEY (one);
ALTER TABLE ONLY public.chat_message
    ADD CONSTRAINT chat_message_pkey PRIMARY KEY (room, seq);
ALTER TABLE ONLY public.chat_room
    ADD CONSTRAINT chat_room_name_key UNIQUE (name);
ALTER TABLE ONLY public.chat_room
    ADD CONSTRAINT chat_room_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.tombolo_migration
    ADD CONSTRAINT tombolo_migration_pkey PRIMARY KEY (service, version);
CREATE UNIQUE INDEX chat_message_key ON public.chat_message USING btree (room, key);
ALTER TABLE ONLY public.chat_message
    ADD CONSTRAINT chat_message_room_fkey FOREIGN KEY (room) REFERENCES public.chat_room(id);
