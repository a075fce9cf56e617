import Glibc

/// What libFuzzer, whose own `main` this program has, calls with each input. FUZZ_TARGET names the target; what one finds
/// is a trap, a time out or too much memory, and libFuzzer says which and keeps the input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  target.run(Array(UnsafeBufferPointer(start: data, count: size)))
  return 0
}

/// Set once, before the first input.
private let target: FuzzTarget = {
  if let name = getenv("FUZZ_TARGET"), let target = FuzzTarget(rawValue: String(cString: name)) {
    return target
  }
  print("set FUZZ_TARGET to one of: \(FuzzTarget.allCases.map(\.rawValue).joined(separator: ", "))")
  exit(64)
}()
