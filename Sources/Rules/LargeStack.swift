import Glibc

/// Room for recursion: targets may stand on each other in long chains, and the threads of Swift's own pool have half a
/// megabyte.
enum LargeStack {
  private static let bytes = 64 << 20

  private final class Work {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
  }

  /// Runs `body` on a thread of its own, and waits for it. Where there can be no such thread, on this one.
  static func run<Value>(_ body: () throws -> Value) throws -> Value {
    var result: Result<Value, any Error>?
    withoutActuallyEscaping(body) { body in
      let work = Unmanaged.passRetained(Work { result = Result { try body() } })
      let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
      defer { attributes.deallocate() }
      pthread_attr_init(attributes)
      defer { pthread_attr_destroy(attributes) }
      pthread_attr_setstacksize(attributes, bytes)
      var thread: pthread_t = 0
      let code = pthread_create(
        &thread, attributes,
        { argument in
          if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
          return nil
        }, work.toOpaque())
      if code == 0 {
        pthread_join(thread, nil)
      } else {
        work.release()
      }
    }
    if let result { return try result.get() }
    return try body()
  }
}
