/// What actions took when they ran before, by which plans are priced.
public protocol WorkHistory: Sendable {
  /// What nodes took when they ran last, by `Node.name`; only those that ever ran.
  func costs(ofNodes names: [String]) throws -> [String: WorkCost]

  /// What actions of a rule took on the average, by rule (`install@2`) and architecture (empty for none): for nodes that
  /// never ran.
  func averageCosts() throws -> [WorkCost.Kind: WorkCost]
}

extension WorkHistory {
  public func costs(ofNodes names: [String]) throws -> [String: WorkCost] { [:] }
  public func averageCosts() throws -> [WorkCost.Kind: WorkCost] { [:] }
}

/// What one run of an action took.
public struct WorkCost: Hashable, Sendable {
  public var seconds: Double
  /// What it added to the disk, in bytes; `nil` where nobody counted.
  public var storedBytes: Int64?
  /// The size of the blobs that it made, in bytes.
  public var outputBytes: Int64?

  public init(seconds: Double, storedBytes: Int64? = nil, outputBytes: Int64? = nil) {
    (self.seconds, self.storedBytes, self.outputBytes) = (seconds, storedBytes, outputBytes)
  }

  /// What actions with much the same costs have in common.
  public struct Kind: Hashable, Sendable {
    public let rule: String
    public let architecture: String
    public init(rule: String, architecture: String) {
      (self.rule, self.architecture) = (rule, architecture)
    }
  }
}
