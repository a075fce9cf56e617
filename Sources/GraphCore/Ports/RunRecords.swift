/// The history of runs, for reading. What it says outlives the blobs: it names them by digest and needs none of them.
public protocol RunRecords: Sendable {
  func run(_ id: Int64) throws -> RecordedRun?

  /// The newest runs, newest first.
  func runs(limit: Int) throws -> [RecordedRun]

  /// The names of the nodes that a run was to bring up to date.
  func wanted(byRun run: Int64) throws -> [String]

  /// How many nodes of a run came to what.
  func outcomes(ofRun run: Int64) throws -> [RecordedNode.Outcome: Int]

  /// The names of nodes that any run had, which begin with `prefix`, sorted by bytes.
  func nodeNames(beginningWith prefix: String) throws -> [String]

  /// What became of nodes in a run, in the order in which they finished.
  func records(ofRun run: Int64) throws -> [RecordedNode]

  /// The records of a node, newest first, at most `limit`.
  ///
  /// - Parameter upTo: the newest run that counts; all where it is `nil`.
  func records(ofNode name: String, upTo run: Int64?, limit: Int) throws -> [RecordedNode]

  /// What a node was as of a run; `nil` where that is not known.
  func description(ofNode name: String, upTo run: Int64?) throws -> NodeDescription?

  /// Of each node the newest record with a result, as of a run.
  ///
  /// - Cost: a walk over the whole history.
  func results(upTo run: Int64) throws -> [String: RecordedNode]

  /// What each node was, as of a run.
  ///
  /// - Cost: a walk over the whole history.
  func descriptions(upTo run: Int64) throws -> [String: NodeDescription]

  /// The text that a key is the digest of, where an action of that key ever came to an end.
  func preimage(of key: Key) throws -> Preimage?
}
