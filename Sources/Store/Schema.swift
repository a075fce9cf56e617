/// The tables of the two databases. A change of either raises `Store.version`.
///
/// Digests are their 32 bytes, with the size in a column of its own where it is needed. Results are text as
/// `ResultCoding` writes it. Times are seconds since 1970.
enum Schema {
  /// `actions`: a row says that the result's blobs, and the files of its trees and layers, were all in the store when
  /// it was made. Whoever finds one missing deletes the row (`forget`), so the row itself is the mark of
  /// completeness and a look-up needs no walk over recipes. `checksum` is a `RowChecksum`, in the other tables, too.
  ///
  /// `preimages`, `traces` and the history are never deleted with blobs.
  ///
  /// The history: a run has a row in `run_records` for each node that it touched; what a node was as of a run is the
  /// newest row up to it. `descriptions` has a row only where that of a node changed, `mark` being the first half of
  /// its SHA-256. `wanted` has the names of the nodes that runs were to bring up to date, one a line, each list once.
  /// `rule_costs` are averages for nodes that never ran. `run_nodes` is for people who look with sqlite3.
  ///
  /// `generation` has one row, which changes with everything that a plan depends on; where it starts is by chance, so
  /// that a store that was made anew is at no generation of the one before.
  ///
  /// `losses` is the same for results that are there no more, or are others for the same key: while it stands, every result
  /// that was found once is there.
  static let facts = """
    CREATE TABLE IF NOT EXISTS actions(
      key BLOB PRIMARY KEY, outputs TEXT NOT NULL, duration REAL NOT NULL, finished REAL NOT NULL, emulator TEXT,
      log TEXT, checksum INTEGER);
    CREATE TABLE IF NOT EXISTS deep(deep BLOB PRIMARY KEY, key BLOB NOT NULL, checksum INTEGER);
    CREATE INDEX IF NOT EXISTS deep_by_key ON deep(key);
    CREATE TABLE IF NOT EXISTS nodes(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, duration REAL);
    CREATE TABLE IF NOT EXISTS preimages(key BLOB PRIMARY KEY, text BLOB NOT NULL, size INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS traces(
      id INTEGER PRIMARY KEY, node INTEGER NOT NULL, key BLOB NOT NULL, key_size INTEGER NOT NULL,
      deep BLOB NOT NULL, deep_size INTEGER NOT NULL, outputs TEXT NOT NULL, duration REAL NOT NULL,
      finished REAL NOT NULL, emulator TEXT, log TEXT);
    CREATE INDEX IF NOT EXISTS traces_by_node ON traces(node, id);
    CREATE TABLE IF NOT EXISTS failures(
      key BLOB PRIMARY KEY, kind TEXT NOT NULL, reason TEXT NOT NULL, log TEXT, time REAL NOT NULL);
    CREATE TABLE IF NOT EXISTS wanted(
      id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, count INTEGER NOT NULL, names BLOB NOT NULL,
      size INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS runs(
      id INTEGER PRIMARY KEY AUTOINCREMENT, command TEXT NOT NULL, workspace TEXT, snapshot TEXT,
      started REAL NOT NULL, finished REAL, outcome TEXT, jobs INTEGER, estimate REAL, up_to_date INTEGER,
      wanted INTEGER, first_trace INTEGER);
    CREATE TABLE IF NOT EXISTS run_records(
      id INTEGER PRIMARY KEY, run INTEGER NOT NULL, node INTEGER NOT NULL, outcome TEXT NOT NULL, key BLOB,
      key_size INTEGER, deep BLOB, deep_size INTEGER, reason TEXT, started REAL NOT NULL, duration REAL NOT NULL,
      lease REAL NOT NULL, emulator TEXT, outputs TEXT NOT NULL, stored INTEGER, log TEXT, message TEXT);
    CREATE INDEX IF NOT EXISTS run_records_by_run ON run_records(run);
    CREATE INDEX IF NOT EXISTS run_records_by_node ON run_records(node, run);
    CREATE TABLE IF NOT EXISTS descriptions(
      node INTEGER NOT NULL, run INTEGER NOT NULL, mark BLOB NOT NULL, text BLOB NOT NULL, size INTEGER NOT NULL,
      PRIMARY KEY(node, run)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS rule_costs(
      rule TEXT NOT NULL, architecture TEXT NOT NULL, seconds REAL NOT NULL, stored REAL NOT NULL,
      PRIMARY KEY(rule, architecture)) WITHOUT ROWID;
    CREATE VIEW IF NOT EXISTS run_nodes AS
      SELECT run_records.id, run, nodes.name AS node, key, outcome, started, run_records.duration, log, message
      FROM run_records JOIN nodes ON nodes.id = node;
    CREATE TABLE IF NOT EXISTS snapshots(
      id INTEGER PRIMARY KEY AUTOINCREMENT, day TEXT NOT NULL, number INTEGER NOT NULL, digest BLOB NOT NULL,
      size INTEGER NOT NULL, time REAL NOT NULL, UNIQUE(day, number));
    CREATE TABLE IF NOT EXISTS files(
      path TEXT PRIMARY KEY, device INTEGER NOT NULL, inode INTEGER NOT NULL, modified INTEGER NOT NULL,
      changed INTEGER NOT NULL, digest BLOB NOT NULL, size INTEGER NOT NULL, checksum INTEGER);
    CREATE TABLE IF NOT EXISTS pins(
      name TEXT NOT NULL, time REAL NOT NULL, run INTEGER, node TEXT NOT NULL, outputs TEXT NOT NULL,
      PRIMARY KEY(name, node)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS generation(value INTEGER NOT NULL);
    INSERT INTO generation SELECT abs(random()) / 2 WHERE NOT EXISTS(SELECT 1 FROM generation);
    CREATE TRIGGER IF NOT EXISTS action_made AFTER INSERT ON actions
      BEGIN UPDATE generation SET value = value + 1; END;
    CREATE TABLE IF NOT EXISTS losses(value INTEGER NOT NULL);
    INSERT INTO losses SELECT abs(random()) / 2 WHERE NOT EXISTS(SELECT 1 FROM losses);
    CREATE TRIGGER IF NOT EXISTS action_lost AFTER DELETE ON actions
      BEGIN UPDATE generation SET value = value + 1; UPDATE losses SET value = value + 1; END;
    CREATE TRIGGER IF NOT EXISTS trace_made AFTER INSERT ON traces
      BEGIN UPDATE generation SET value = value + 1; END;
    CREATE TRIGGER IF NOT EXISTS snapshot_made AFTER INSERT ON snapshots
      BEGIN UPDATE generation SET value = value + 1; END;
    """

  /// The version that `upgrade` makes ours of.
  static let upgradable = 1

  /// What version 1 had of the history: a table `run_nodes` with the names of nodes, and fewer facts of runs.
  static let upgrade = """
    ALTER TABLE actions ADD COLUMN checksum INTEGER;
    ALTER TABLE deep ADD COLUMN checksum INTEGER;
    ALTER TABLE files ADD COLUMN checksum INTEGER;
    DROP INDEX run_nodes_by_run;
    DROP INDEX run_nodes_by_node;
    ALTER TABLE run_nodes RENAME TO old_run_nodes;
    ALTER TABLE runs ADD COLUMN workspace TEXT;
    ALTER TABLE runs ADD COLUMN jobs INTEGER;
    ALTER TABLE runs ADD COLUMN estimate REAL;
    ALTER TABLE runs ADD COLUMN up_to_date INTEGER;
    ALTER TABLE runs ADD COLUMN wanted INTEGER;
    ALTER TABLE runs ADD COLUMN first_trace INTEGER;
    \(facts)
    INSERT OR IGNORE INTO nodes(name) SELECT node FROM old_run_nodes;
    INSERT INTO run_records(id, run, node, outcome, key, key_size, started, duration, lease, outputs, log, message)
      SELECT old.id, run, nodes.id,
        CASE WHEN outcome IN ('ran', 'cut off', 'interrupted') THEN outcome
          WHEN outcome LIKE 'skipped%' THEN 'skipped' ELSE 'failed' END,
        key, key_size, started, old.duration, 0, '', log,
        CASE WHEN outcome LIKE 'failed: %' THEN substr(outcome, 9)
          WHEN outcome LIKE 'skipped because of %' THEN substr(outcome, 20) END
      FROM old_run_nodes AS old JOIN nodes ON nodes.name = old.node;
    DROP TABLE old_run_nodes;
    """

  /// `encoding` is a `BlobEncoding`; `data` is NULL where the content is a file.
  ///
  /// `large` has what is known of a file: its size as it is stored, the hash of the blob that a delta stands on, how many
  /// deltas have to be undone to read it, and the CRC-32 of each frame where the file itself has none. A file of an older
  /// version has no row there. `features` leads from features of content to the rows of `large` that have them.
  ///
  /// `condemned` has blobs that nothing needs any more, and the number of the collection that found so: they can be read
  /// until they are removed, and count as not there for whoever writes.
  static let content = """
    CREATE TABLE IF NOT EXISTS blobs(
      digest BLOB PRIMARY KEY, size INTEGER NOT NULL, encoding INTEGER NOT NULL, data BLOB);
    CREATE TABLE IF NOT EXISTS large(
      id INTEGER PRIMARY KEY AUTOINCREMENT, digest BLOB NOT NULL UNIQUE, stored INTEGER NOT NULL, base BLOB,
      depth INTEGER NOT NULL, checksums BLOB);
    CREATE INDEX IF NOT EXISTS large_by_base ON large(base) WHERE base IS NOT NULL;
    CREATE TABLE IF NOT EXISTS features(
      feature INTEGER NOT NULL, large INTEGER NOT NULL, PRIMARY KEY(feature, large)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS condemned(digest BLOB PRIMARY KEY, collection INTEGER NOT NULL) WITHOUT ROWID;
    """
}
