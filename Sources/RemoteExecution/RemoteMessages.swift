import GraphCore

// The messages of the Remote Execution API v2 that describe an action, with the published field numbers and in the
// order that the specification asks for. Source: build/bazel/remote/execution/v2/remote_execution.proto.
// Sorting is done here and not by who fills them in, so that there is no other way to write one.

extension Digest: RemoteMessage {
  func encoded() -> [UInt8] {
    var message = Protobuf()
    message.add(1, hex)
    message.add(2, size)
    return message.bytes
  }
}

/// A name with a value: the form of both an environment variable and a platform property.
struct RemotePair: RemoteMessage {
  let name: String
  let value: String

  func encoded() -> [UInt8] {
    var message = Protobuf()
    message.add(1, name)
    message.add(2, value)
    return message.bytes
  }

  static func sorted(_ pairs: [String: String]) -> [RemotePair] {
    pairs.sorted { $0.key.precedesInBytes($1.key) }.map { RemotePair(name: $0.key, value: $0.value) }
  }
}

/// What a worker has to be; each name at most once.
struct RemotePlatform: RemoteMessage {
  var properties: [String: String]

  func encoded() -> [UInt8] {
    var message = Protobuf()
    message.add(1, each: RemotePair.sorted(properties))
    return message.bytes
  }
}

struct RemoteCommand: RemoteMessage {
  var arguments: [String]
  var environment: [String: String] = [:]
  var platform: RemotePlatform
  /// Relative to the input root.
  var workingDirectory = ""
  /// Relative to the working directory, without slashes at their ends.
  var outputPaths: Set<String>

  func encoded() -> [UInt8] {
    var message = Protobuf()
    message.add(1, each: arguments)
    message.add(2, each: RemotePair.sorted(environment))
    message.add(5, platform)
    message.add(6, workingDirectory)
    message.add(7, each: outputPaths.sorted { $0.precedesInBytes($1) })
    return message.bytes
  }
}

/// One folder; the three kinds share one space of names, each a single segment of a path.
struct RemoteDirectory: RemoteMessage {
  var files: [File] = []
  var directories: [Directory] = []
  var symlinks: [Symlink] = []

  struct File: RemoteMessage {
    let name: String
    let digest: Digest
    let isExecutable: Bool

    func encoded() -> [UInt8] {
      var message = Protobuf()
      message.add(1, name)
      message.add(2, digest)
      message.add(4, isExecutable)
      return message.bytes
    }
  }

  struct Directory: RemoteMessage {
    let name: String
    /// Of the `RemoteDirectory`.
    let digest: Digest

    func encoded() -> [UInt8] {
      var message = Protobuf()
      message.add(1, name)
      message.add(2, digest)
      return message.bytes
    }
  }

  struct Symlink: RemoteMessage {
    let name: String
    let target: String

    func encoded() -> [UInt8] {
      var message = Protobuf()
      message.add(1, name)
      message.add(2, target)
      return message.bytes
    }
  }

  func encoded() -> [UInt8] {
    var message = Protobuf()
    message.add(1, each: files.sorted { $0.name.precedesInBytes($1.name) })
    message.add(2, each: directories.sorted { $0.name.precedesInBytes($1.name) })
    message.add(3, each: symlinks.sorted { $0.name.precedesInBytes($1.name) })
    return message.bytes
  }
}

/// Without a timeout, which would be a part of the name: limits are no part of a key.
struct RemoteActionMessage: RemoteMessage {
  var command: Digest
  var inputRoot: Digest
  var salt: [UInt8]
  var platform: RemotePlatform

  func encoded() -> [UInt8] {
    var message = Protobuf()
    message.add(1, command)
    message.add(2, inputRoot)
    message.add(9, salt)
    // Servers of version 2.2 and later read it here, older ones in the command.
    message.add(10, platform)
    return message.bytes
  }
}
