/// Sizes as Docker writes them: `64m`, `1.5GiB`, `512`.
///
/// Source: go-units, RAMInBytes: units are powers of 1024, a `b` or `ib` behind them says nothing more.
enum ByteSize {
  static func bytes(_ text: String) -> Int64? {
    let lower = text.lowercased()
    let number = lower.prefix { $0.isASCII && $0.isNumber || $0 == "." }
    guard number.first?.isNumber == true, number.last?.isNumber == true, let value = Double(number) else {
      return nil
    }
    var unit = lower.dropFirst(number.count)
    if unit.first == " " { unit = unit.dropFirst() }
    let factors: [Character: Double] = [
      "k": 1024, "m": 1_048_576, "g": 1_073_741_824, "t": 1_099_511_627_776, "p": 1_125_899_906_842_624,
    ]
    var factor = 1.0
    if let first = unit.first, let known = factors[first] {
      factor = known
      unit = unit.dropFirst()
      guard ["", "b", "ib"].contains(unit) else { return nil }
    } else {
      guard ["", "b"].contains(unit) else { return nil }
    }
    return Int64(exactly: (value * factor).rounded(.towardZero))
  }
}

extension Dockerfile.Mount {
  /// `size` in bytes, where it holds no variable.
  public var sizeInBytes: Int64? { size.flatMap { ByteSize.bytes($0) } }
}
