import Glibc
import GraphCore

/// Results that are kept until they are unpinned, whatever their age.
public struct Pin: Hashable, Sendable {
  public var name: String
  /// Seconds since 1970.
  public var time: Double
  /// A run, of which everything is kept that it had.
  public var run: Int64?
  /// Nodes, by `Node.name`, with the outputs that are kept.
  public var outputs: [String: [String: Artifact]]

  public init(name: String, time: Double, run: Int64? = nil, outputs: [String: [String: Artifact]] = [:]) {
    (self.name, self.time, self.run, self.outputs) = (name, time, run, outputs)
  }
}

extension Store {
  /// Keeps results, or a run, in place of what had the same name.
  public func pin(_ pin: Pin) throws {
    try factsForWriting().write(.durable) { connection in
      try Self.removePin(pin.name, &connection)
      let rows = pin.run == nil ? pin.outputs.sorted { $0.key.precedesInBytes($1.key) } : [("", [:])]
      for (node, outputs) in rows {
        try connection.use("INSERT INTO pins(name, time, run, node, outputs) VALUES(?, ?, ?, ?, ?)") {
          try $0.bind(pin.name)
          try $0.bind(pin.time)
          try $0.bind(pin.run)
          try $0.bind(node)
          try $0.bind(ResultCoding.encode(outputs))
          try $0.run()
        }
      }
    }
  }

  /// - Returns: whether there was one.
  public func unpin(_ name: String) throws -> Bool {
    try factsForWriting().write(.durable) { connection in
      let isThere = try connection.use("SELECT 1 FROM pins WHERE name = ?") {
        try $0.bind(name)
        return try $0.step()
      }
      try Self.removePin(name, &connection)
      return isThere
    }
  }

  private static func removePin(_ name: String, _ connection: inout Connection) throws {
    try connection.use("DELETE FROM pins WHERE name = ?") {
      try $0.bind(name)
      try $0.run()
    }
  }

  /// By name.
  public func pins() throws -> [Pin] {
    guard let facts else { return [] }
    let pins = try facts.read { connection in
      try connection.use("SELECT name, time, run, node, outputs FROM pins") { statement in
        var pins: [String: Pin] = [:]
        while try statement.step() {
          let name = statement.text(0) ?? ""
          var pin = pins[name] ?? Pin(name: name, time: statement.double(1))
          if !statement.isNull(2) {
            pin.run = statement.integer(2)
          } else {
            pin.outputs[statement.text(3) ?? ""] = statement.text(4).flatMap(ResultCoding.decode) ?? [:]
          }
          pins[name] = pin
        }
        return pins
      }
    }
    return pins.values.sorted { $0.name.precedesInBytes($1.name) }
  }
}
