/// Makes any text one word without spaces or line ends, and back: `\xHH` for bytes up to space, backslash and DEL.
public enum Escape {
  /// The empty text becomes `\0`, which no other text does.
  public static func encode(_ text: String) -> String {
    if text.isEmpty { return "\\0" }
    if text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x5c && $0 != 0x7f }) { return text }
    var output: [UInt8] = []
    for byte in text.utf8 {
      if byte > 0x20, byte != 0x5c, byte != 0x7f {
        output.append(byte)
      } else {
        output += "\\x".utf8
        output += Hex.encode([byte]).utf8
      }
    }
    return String(decoding: output, as: UTF8.self)
  }

  /// The text that `encode` was given, or `nil` where this is no output of it.
  public static func decode(_ word: String) -> String? {
    if word == "\\0" { return "" }
    if !word.utf8.contains(0x5c) { return word }
    let bytes = Array(word.utf8)
    var output: [UInt8] = []
    var position = 0
    while position < bytes.count {
      if bytes[position] != 0x5c {
        output.append(bytes[position])
        position += 1
        continue
      }
      guard position + 3 < bytes.count, bytes[position + 1] == 0x78,
        let byte = Hex.decode(String(decoding: bytes[position + 2..<position + 4], as: UTF8.self))
      else { return nil }
      output += byte
      position += 4
    }
    return String(validating: output, as: UTF8.self)
  }
}

/// Bytes as lower-case hexadecimal digits.
public enum Hex {
  public static func encode(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var output: [UInt8] = []
    for byte in bytes {
      output.append(digits[Int(byte >> 4)])
      output.append(digits[Int(byte & 15)])
    }
    return String(decoding: output, as: UTF8.self)
  }

  /// `nil` where the text has an odd length or another character.
  public static func decode(_ text: String) -> [UInt8]? {
    let characters = Array(text.utf8)
    guard characters.count.isMultiple(of: 2) else { return nil }
    var output: [UInt8] = []
    for index in stride(from: 0, to: characters.count, by: 2) {
      guard let high = nibble(characters[index]), let low = nibble(characters[index + 1]) else { return nil }
      output.append(high << 4 | low)
    }
    return output
  }

  /// The value of one digit of either case.
  static func nibble(_ character: UInt8) -> UInt8? {
    switch character {
    case 0x30...0x39: character - 0x30
    case 0x41...0x46: character - 0x41 + 10
    case 0x61...0x66: character - 0x61 + 10
    default: nil
    }
  }
}
