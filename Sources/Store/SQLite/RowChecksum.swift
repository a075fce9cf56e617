import Formats
import GraphCore

/// A number that a row has of its own content, so that a bit that flipped in it, or in what leads to it, is found: a row
/// that is not what was asked for is none. Rows whose content is a blob's need none, because the blob has a digest.
///
/// Rows of a store that was version 1 once have none (`nil`), and are taken as they are.
enum RowChecksum {
  /// - Parameter fields: all that anybody relies on, first what the row is looked up by: as it was asked for, not as the
  ///   row has it.
  static func of(_ fields: [UInt8]...) -> Int64 {
    var checksum = CRC32()
    for field in fields {
      // Framed, so that no two lists of fields are one text.
      withUnsafeBytes(of: UInt32(truncatingIfNeeded: field.count).littleEndian) { checksum.update($0) }
      field.withUnsafeBytes { checksum.update($0) }
    }
    return Int64(checksum.value)
  }
}

extension Statement {
  /// Whether a row's checksum is the one that its fields have.
  func hasChecksum(_ column: Int32, _ wanted: Int64) -> Bool { isNull(column) || integer(column) == wanted }
}
