-- A database as the program left it at schema 1: one session with a hold, its guest, three events.
CREATE TABLE sessions (
  id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, document TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE tokens (
  digest TEXT PRIMARY KEY, session TEXT NOT NULL, use INTEGER NOT NULL, until INTEGER) WITHOUT ROWID;
CREATE TABLE resources (
  id TEXT PRIMARY KEY, session TEXT NOT NULL, vm TEXT NOT NULL, kind TEXT NOT NULL,
  name TEXT NOT NULL, acquired_at INTEGER NOT NULL, released_at INTEGER,
  place INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX resources_kept ON resources (place) WHERE released_at IS NULL;
CREATE TABLE events (
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, session TEXT NOT NULL,
  vm TEXT NOT NULL, child TEXT NOT NULL, data TEXT NOT NULL);
CREATE INDEX events_session ON events (session, seq) WHERE session <> '';
CREATE VIEW exits AS
  SELECT seq, at, session, vm, child, json_extract(data, '$.kind') AS kind,
         json_extract(data, '$.message') AS message, data AS record
  FROM events WHERE kind = 'child.exited';
CREATE VIEW vms AS
  SELECT vm AS id, session, max(seq) AS seq, at, json_extract(data, '$.state') AS state
  FROM events WHERE kind = 'vm.state' GROUP BY vm;
INSERT INTO sessions VALUES ('0f8fad5b-d9cb-469f-a165-70867728950e', 1777636800000, '{"cause":null,"createdAt":"2026-05-01T12:00:00.000Z","driver":"process","holds":[{"name":"court","reason":"case 12"}],"id":"0f8fad5b-d9cb-469f-a165-70867728950e","idleMs":600000,"labels":{"team":"a"},"maxMs":28800000,"profile":"browser","provider":"","stage":"ready","stages":[{"atMs":9,"name":"allocated"},{"atMs":640,"name":"ready"}],"state":"ready","stream":{"epoch":3,"lastCause":null,"restarts":1,"state":"up"},"userId":"ada","viewers":[],"vm":{"address":"10.77.0.1","id":"7c9e6679-7425-40de-944b-e07fc1f90ae7","state":"ready"}}');
INSERT INTO tokens VALUES ('9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', '0f8fad5b-d9cb-469f-a165-70867728950e', 0, NULL);
INSERT INTO resources VALUES ('7c9e6679-7425-40de-944b-e07fc1f90ae7/slot', '0f8fad5b-d9cb-469f-a165-70867728950e', '7c9e6679-7425-40de-944b-e07fc1f90ae7', 'slot', '1', 1777636800000, NULL, 1);
INSERT INTO resources VALUES ('7c9e6679-7425-40de-944b-e07fc1f90ae7/old', '0f8fad5b-d9cb-469f-a165-70867728950e', '7c9e6679-7425-40de-944b-e07fc1f90ae7', 'directory', 'vms/7c9e6679-7425-40de-944b-e07fc1f90ae7', 1777636800000, 1777636800005, 2);
INSERT INTO events VALUES (1, 1777636800000, 'session.state', '0f8fad5b-d9cb-469f-a165-70867728950e', '7c9e6679-7425-40de-944b-e07fc1f90ae7', '', '{"state":"starting"}');
INSERT INTO events VALUES (2, 1777636800600, 'vm.state', '0f8fad5b-d9cb-469f-a165-70867728950e', '7c9e6679-7425-40de-944b-e07fc1f90ae7', '', '{"state":"ready"}');
INSERT INTO events VALUES (3, 1777636800640, 'session.state', '0f8fad5b-d9cb-469f-a165-70867728950e', '7c9e6679-7425-40de-944b-e07fc1f90ae7', '', '{"state":"ready"}');
PRAGMA user_version = 1;
