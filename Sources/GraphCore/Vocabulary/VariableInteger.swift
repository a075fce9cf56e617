/// Numbers of variable length, seven bits a byte and the lowest first: LEB128, as DWARF 5 (section 7.6) has it.
extension [UInt8] {
  public mutating func append(variable value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  /// Small numbers of either sign are short.
  public mutating func append(variable value: Int64) {
    append(variable: UInt64(bitPattern: value << 1 ^ value >> 63))
  }
}
