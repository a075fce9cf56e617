/// Bytes that are not what they should be. The message says what and where; whoever knows the file's name adds it.
public struct FormatError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}
