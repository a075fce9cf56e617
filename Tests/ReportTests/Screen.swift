/// A tiny terminal: enough of ECMA-48 to see what a redrawing program leaves on the screen.
struct Screen {
  let columns: Int
  let rows: Int
  /// Lines that scrolled off the top.
  private(set) var scrolled: [String] = []
  private var cells: [[Character]]
  private var row = 0
  private var column = 0
  /// What it does not understand, for a test to find empty.
  private(set) var unknown: [String] = []

  init(columns: Int, rows: Int) {
    (self.columns, self.rows) = (columns, rows)
    cells = [[Character]](repeating: [], count: rows)
  }

  mutating func write(_ bytes: [UInt8]) {
    let scalars = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
    var position = 0
    while position < scalars.count {
      switch scalars[position] {
      case "\r": column = 0
      case "\n": (row, column) = (row + 1, 0)
      case "\u{1b}":
        var parameters = ""
        position += 2
        while position < scalars.count, !("@"..."~").contains(scalars[position]) {
          parameters.unicodeScalars.append(scalars[position])
          position += 1
        }
        if position < scalars.count { control(scalars[position], Int(parameters) ?? 0) }
      default: put(Character(scalars[position]))
      }
      scroll()
      position += 1
    }
  }

  /// What is on the screen, without spaces and empty lines at the ends.
  var lines: [String] {
    var lines = cells.map { String($0) }.map(Self.trimmed)
    while lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }

  /// Everything that was ever permanent, as one text: on a screen so large that nothing is lost.
  static func transcript(_ bytes: [UInt8]) -> String {
    var screen = Screen(columns: 200, rows: 50)
    screen.write(bytes)
    return (screen.scrolled + screen.lines).map { $0 + "\n" }.joined()
  }

  private mutating func control(_ final: Unicode.Scalar, _ parameter: Int) {
    switch final {
    case "A": row = max(0, row - max(1, parameter))
    case "K" where parameter == 0: cells[row] = Array(cells[row].prefix(column))
    case "J" where parameter == 0:
      cells[row] = Array(cells[row].prefix(column))
      for below in (row + 1)..<max(row + 1, rows) { cells[below] = [] }
    case "m": break
    default: unknown.append("\(final)")
    }
  }

  private mutating func put(_ character: Character) {
    if column == columns {
      (row, column) = (row + 1, 0)
      scroll()
    }
    while cells[row].count <= column { cells[row].append(" ") }
    cells[row][column] = character
    column += 1
  }

  private mutating func scroll() {
    while row >= rows {
      scrolled.append(Self.trimmed(String(cells.removeFirst())))
      cells.append([])
      row -= 1
    }
  }

  private static func trimmed(_ line: String) -> String {
    var line = line
    while line.last == " " { line.removeLast() }
    return line
  }
}
