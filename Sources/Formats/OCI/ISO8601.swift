/// Points in time as RFC 3339 text in UTC, as OCI documents have them.
public enum ISO8601 {
  /// `2026-01-02T03:04:05Z`.
  ///
  /// - Parameter seconds: since 1970. Bounded to the years 0000 to 9999, which is what the text can say.
  public static func text(ofEpoch seconds: Int64) -> String {
    let seconds = min(max(seconds, -62_167_219_200), 253_402_300_799)
    let (days, rest) = divided(seconds, by: 86_400)
    let (year, month, day) = date(ofDay: days)
    return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
      + "T\(padded(rest / 3600, 2)):\(padded(rest / 60 % 60, 2)):\(padded(rest % 60, 2))Z"
  }

  /// The day as `20260102`.
  public static func day(ofEpoch seconds: Int64) -> String {
    String(text(ofEpoch: seconds).prefix(10).filter { $0 != "-" })
  }

  /// Seconds since 1970 of a text with `Z` or a numeric zone; fractions are dropped. `nil` where it is none.
  public static func epoch(of text: String) -> Int64? {
    let bytes = Array(text.utf8)
    func number(_ start: Int, _ count: Int) -> Int64? {
      guard start + count <= bytes.count,
        bytes[start..<start + count].allSatisfy({ (0x30...0x39).contains($0) })
      else { return nil }
      return bytes[start..<start + count].reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }
    guard bytes.count >= 20, let year = number(0, 4), let month = number(5, 2), let day = number(8, 2),
      let hour = number(11, 2), let minute = number(14, 2), let second = number(17, 2),
      bytes[4] == 0x2d, bytes[7] == 0x2d, bytes[10] == 0x54 || bytes[10] == 0x20, bytes[13] == 0x3a,
      bytes[16] == 0x3a, (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60,
      second <= 60
    else { return nil }
    var position = 19
    if bytes[position] == 0x2e {
      repeat { position += 1 } while position < bytes.count && (0x30...0x39).contains(bytes[position])
    }
    let time = self.day(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
    guard position < bytes.count else { return nil }
    if bytes[position] == 0x5a { return position + 1 == bytes.count ? time : nil }
    guard bytes[position] == 0x2b || bytes[position] == 0x2d, bytes.count == position + 6,
      bytes[position + 3] == 0x3a, let hours = number(position + 1, 2), let minutes = number(position + 4, 2)
    else { return nil }
    let zone = hours * 3600 + minutes * 60
    return bytes[position] == 0x2b ? time - zone : time + zone
  }

  // Civil dates by the method of Howard Hinnant, "chrono-compatible low-level date algorithms": years begin in March,
  // so that the leap day is the last one.

  private static func date(ofDay days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, dayOfEra) = divided(days + 719_468, by: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
  }

  private static func day(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let (era, yearOfEra) = divided(month <= 2 ? year - 1 : year, by: 400)
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// Division that rounds down, so that the rest is never negative.
  private static func divided(_ value: Int64, by divisor: Int64) -> (Int64, Int64) {
    let (quotient, rest) = value.quotientAndRemainder(dividingBy: divisor)
    return rest < 0 ? (quotient - 1, rest + divisor) : (quotient, rest)
  }

  private static func padded(_ value: Int64, _ width: Int) -> String {
    let digits = "\(value)"
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
