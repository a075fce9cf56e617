import Formats
import GraphCore

/// What is in a store, and what keeping it as it is kept saves.
public struct StoreStatistics: Sendable {
  /// Blobs that are kept alike.
  public struct Form: Sendable {
    /// `packed`, `packed, compressed`, `as it is`, `compressed`, `difference`.
    public var name: String
    public var blobs = 0
    /// Of their content.
    public var contentBytes: Int64 = 0
    /// On the disk.
    public var storedBytes: Int64 = 0
  }

  public struct LargeBlob: Sendable {
    public var digest: Digest
    public var form: String
    public var storedBytes: Int64
    /// A node whose result has it.
    public var node: String?
  }

  /// A folder or file of the store.
  public struct Part: Sendable {
    public var name: String
    public var bytes: Int64
  }

  public var forms: [Form] = []
  /// What all results name, each blob as often as it is named.
  public var namedBytes: Int64 = 0
  public var results = 0
  /// Blobs that nothing needs any more and that wait to be removed.
  public var condemnedBytes: Int64 = 0
  public var parts: [Part] = []
  public var largest: [LargeBlob] = []

  public var blobs: Int { forms.reduce(0) { $0 + $1.blobs } }
  public var contentBytes: Int64 { forms.reduce(0) { $0 + $1.contentBytes } }
  public var storedBytes: Int64 { forms.reduce(0) { $0 + $1.storedBytes } }
}

extension BlobEncoding {
  /// For people.
  var formName: String {
    switch self {
    case .packedRaw: "packed"
    case .packedZstd: "packed, compressed"
    case .fileRaw: "as it is"
    case .fileZstd: "compressed"
    case .fileDelta: "difference"
    }
  }
}

extension Store {
  /// - Parameter largest: how many blobs to name.
  public func statistics(largest: Int) throws -> StoreStatistics {
    var statistics = StoreStatistics()
    let rows = try blobRows()
    for encoding in [BlobEncoding.packedRaw, .packedZstd] + BlobEncoding.files {
      var form = StoreStatistics.Form(name: encoding.formName)
      for row in rows where row.encoding == encoding {
        form.blobs += 1
        form.contentBytes += row.digest.size
        form.storedBytes += row.storedBytes
      }
      statistics.forms.append(form)
    }
    statistics.condemnedBytes = rows.reduce(0) { $0 + ($1.condemned == nil ? 0 : $1.storedBytes) }
    let top = rows.sorted { ($1.storedBytes, $0.digest.hex) < ($0.storedBytes, $1.digest.hex) }.prefix(largest)
    var owners: [Digest: [UInt8]] = [:]
    let wanted = Set(top.map(\.digest))
    var reach = Reach(store: self)
    for result in try allResults() {
      statistics.results += 1
      for artifact in ResultCoding.decode(result.outputs)?.values.map({ $0 }) ?? [] {
        for digest in try reach.blobs(of: artifact) {
          statistics.namedBytes += digest.size
          if wanted.contains(digest), owners[digest] == nil { owners[digest] = result.key }
        }
      }
    }
    let names = try nodeNames(ofKeys: Set(owners.values))
    statistics.largest = top.map { row in
      .init(
        digest: row.digest, form: row.encoding.formName, storedBytes: row.storedBytes,
        node: owners[row.digest].flatMap { names[$0] })
    }
    statistics.parts = FileSystem.exists(path)
      ? try Folders.names(in: path).sorted().map { .init(name: $0, bytes: Folders.diskBytes(of: "\(path)/\($0)")) }
      : []
    return statistics
  }
}
