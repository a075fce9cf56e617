import FoundationEssentials
import GraphCore

/// What one image document says of another, or of a layer: its type, digest and size.
public struct Descriptor: Hashable, Sendable {
  public var mediaType: String
  public var digest: Digest
  /// Only in an index.
  public var platform: Platform?
  public var annotations: [String: String]

  /// The machine that an image is for.
  public struct Platform: Hashable, Sendable {
    public var architecture: String
    public var os: String
    public var variant: String?

    public init(architecture: String, os: String = "linux", variant: String? = nil) {
      self.architecture = architecture
      self.os = os
      self.variant = variant
    }

    public init(_ architecture: Architecture) {
      self.init(architecture: architecture.names.oci, variant: architecture.names.ociVariant)
    }

    /// Whether the platform is that of `wanted`, by whichever of its names: `arm64` with and without `v8`.
    public func matches(_ wanted: Architecture) -> Bool {
      os == "linux" && Architecture(oci: architecture, variant: variant) == wanted
    }

    var json: JSON {
      .object([
        "architecture": .string(architecture), "os": .string(os), "variant": variant.map { .string($0) },
      ])
    }
  }

  public init(
    mediaType: String, digest: Digest, platform: Platform? = nil, annotations: [String: String] = [:]
  ) {
    self.mediaType = mediaType
    self.digest = digest
    self.platform = platform
    self.annotations = annotations
  }

  var json: JSON {
    .object([
      "mediaType": .string(mediaType), "digest": .string(digest.oci), "size": .number(digest.size),
      "platform": platform?.json, "annotations": .map(annotations),
    ])
  }
}

/// The fields of a descriptor as they are in JSON.
struct RawDescriptor: Decodable {
  var mediaType: String?
  var digest: String
  var size: Int64
  var platform: RawPlatform?
  var annotations: [String: String]?

  struct RawPlatform: Decodable {
    var architecture: String
    var os: String
    var variant: String?
  }

  /// - Parameter what: which descriptor it is, for the message.
  func checked(_ what: String) throws -> Descriptor {
    guard let digest = Digest(oci: digest, size: size) else {
      throw FormatError("\(what) has the digest '\(digest)' of \(size) bytes, which is no SHA-256 digest")
    }
    return Descriptor(
      mediaType: mediaType ?? "", digest: digest,
      platform: platform.map { .init(architecture: $0.architecture, os: $0.os, variant: $0.variant) },
      annotations: annotations ?? [:])
  }

  /// Decodes `bytes`, and turns the decoder's errors into one that names the document and the field.
  static func decode<Document: Decodable>(_ type: Document.Type, _ bytes: [UInt8], _ what: String) throws
    -> Document
  {
    do {
      return try JSONDecoder().decode(type, from: Data(bytes))
    } catch DecodingError.keyNotFound(let key, let context) {
      throw FormatError("\(what) lacks '\(path(context.codingPath + [key]))'")
    } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
      throw FormatError("\(what) has a '\(path(context.codingPath))' of the wrong type")
    } catch {
      throw FormatError("\(what) is not JSON")
    }
  }

  private static func path(_ keys: [any CodingKey]) -> String {
    keys.map(\.stringValue).joined(separator: ".")
  }
}
