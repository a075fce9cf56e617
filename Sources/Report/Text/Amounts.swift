import GraphCore

/// Numbers as people read them.
public enum Amounts {
  /// `812 bytes`, `5.4 KiB`, `12 MiB`, `3.0 GiB`.
  public static func bytes(_ bytes: Int64) -> String {
    if bytes < 1024 { return counted(Int(bytes), "byte") }
    var tenths = (Double(bytes) / 102.4).rounded()
    var units = ["KiB", "MiB", "GiB", "TiB"][...]
    while tenths >= 10_240, units.count > 1 {
      tenths = (tenths / 1024).rounded()
      units = units.dropFirst()
    }
    let number = tenths < 100 ? "\(Int(tenths) / 10).\(Int(tenths) % 10)" : "\(Int((tenths / 10).rounded()))"
    return "\(number) \(units.first ?? "")"
  }

  /// `0.4 s`, `12 s`, `3 min 05 s`, `2 h 07 min`. What is no time (negative, not a number) counts as none.
  public static func seconds(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds > 0 else { return "0.0 s" }
    // Rounded once, before the choice of a unit, so that 9.96 s is not written "10.0 s" and 59.6 s not "60 s".
    let tenths = (min(seconds, 1e9) * 10).rounded()
    if tenths < 100 { return "\(Int(tenths) / 10).\(Int(tenths) % 10) s" }
    let whole = Int((tenths / 10).rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(twoDigits(whole % 60)) s" }
    return "\(whole / 3600) h \(twoDigits(whole / 60 % 60)) min"
  }

  /// `1 node`, `2 nodes`.
  public static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

  private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

/// Rows of words as columns.
public enum Columns {
  /// Pads every column but the last to its widest word, two spaces between columns.
  ///
  /// - Parameter rows: all of the same length, without colour.
  /// - Parameter paint: colours a padded word of a column; the padding is known by then, so columns stay straight.
  public static func lines(
    _ rows: [[String]], indent: String = "",
    paint: (_ column: Int, _ row: Int, _ word: String) -> String = { $2 }
  ) -> [String] {
    guard let first = rows.first else { return [] }
    let widths = first.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.enumerated().map { number, row in
      let last = row.lastIndex { !$0.isEmpty } ?? 0
      let words = row[...last].enumerated().map { column, word in
        paint(column, number, word) + (column < last ? Self.padding(widths[column] - word.count) : "")
      }
      return indent + words.joined(separator: "  ")
    }
  }

  static func padding(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }

  /// `text` with spaces before it.
  static func right(_ text: String, width: Int) -> String { padding(width - text.count) + text }
}
