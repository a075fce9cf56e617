extension StringProtocol {
  /// Order by UTF-8 bytes: what every canonical encoding here sorts by.
  ///
  /// `String`'s own `<` compares by canonical equivalence, which differs for composed characters.
  public func precedesInBytes(_ other: some StringProtocol) -> Bool {
    utf8.lexicographicallyPrecedes(other.utf8)
  }
}
