/// Writes the one canonical form of a protobuf message: fields in the order of their numbers, no defaults, no unknown
/// fields, numbers in their shortest form.
///
/// Only what the messages here need. Source: protobuf.dev, "Encoding".
struct Protobuf {
  private(set) var bytes: [UInt8] = []
  private var lastField = 0

  mutating func add(_ field: Int, _ text: String) { add(field, Array(text.utf8)) }

  mutating func add(_ field: Int, _ content: [UInt8]) {
    if !content.isEmpty { addElement(field, content) }
  }

  /// - Parameter number: negative numbers take ten bytes, as in any int64 field.
  mutating func add(_ field: Int, _ number: Int64) {
    if number == 0 { return }
    begin(field, wireType: 0)
    addVariable(UInt64(bitPattern: number))
  }

  mutating func add(_ field: Int, _ flag: Bool) { add(field, flag ? 1 : 0 as Int64) }

  /// An embedded message; one without any field is left out.
  mutating func add(_ field: Int, _ message: some RemoteMessage) { add(field, message.encoded()) }

  /// The elements of a repeated field, in order; an empty one counts too.
  mutating func add(_ field: Int, each texts: [String]) {
    for text in texts { addElement(field, Array(text.utf8)) }
  }

  mutating func add(_ field: Int, each messages: [some RemoteMessage]) {
    for message in messages { addElement(field, message.encoded()) }
  }

  private mutating func addElement(_ field: Int, _ content: [UInt8]) {
    begin(field, wireType: 2)
    addVariable(UInt64(content.count))
    bytes += content
  }

  private mutating func begin(_ field: Int, wireType: UInt64) {
    precondition(field >= lastField, "fields are written in the order of their numbers")
    lastField = field
    addVariable(UInt64(field) << 3 | wireType)
  }

  /// Seven bits a byte, lowest first; the high bit says that more follow.
  private mutating func addVariable(_ number: UInt64) {
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

/// A message that has a canonical form.
protocol RemoteMessage: Sendable {
  func encoded() -> [UInt8]
}
