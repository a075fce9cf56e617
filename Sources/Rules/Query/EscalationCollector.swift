import CSolv
import Formats
import GraphCore
import Resolve

/// Finds the images that contain what an advisory of an upstream repository mends, as they were made last.
public struct EscalationCollector {
  private let compiled: CompiledWorkspace
  private let collector: PackageCollector
  private let advisories: [Advisory]
  private let pool = PackagePool(architecture: .host)

  /// - Parameter name: of an advisory, or of a CVE.
  /// - Throws: `GraphError(.usage)` where no repository tells of it; `GraphError` for metadata that is damaged; what the
  ///   store throws.
  public init(
    _ name: String, _ compiled: CompiledWorkspace, snapshot: Snapshot, store: any BlobStore
  ) throws {
    var found: [Advisory] = []
    var known: Set<String> = []
    for pin in snapshot.repositories ?? [] {
      do {
        let content = try RepositoryMetadata(pin: pin, store: store).content("updateinfo") ?? []
        for advisory in Advisory.all(in: content) {
          known.formUnion([advisory.id] + advisory.cves)
          if advisory.isMeant(by: name) { found.append(advisory) }
        }
      } catch is MissingBlob {
        throw GraphError(
          .usage, "the metadata of '\(pin.label)' for \(pin.architecture) is not in the store",
          hint: "'graph snapshot refresh' fetches it")
      }
    }
    if found.isEmpty {
      let near = Nearest.match(for: name, among: known.sorted { $0.precedesInBytes($1) })
      throw GraphError(
        .usage, "no repository has an advisory '\(name)', or one that names it",
        hint: near.map { "did you mean '\($0)'?" } ?? "\(known.count) advisories and CVE names are known")
    }
    (self.compiled, advisories) = (compiled, found)
    collector = PackageCollector(compiled, store: store)
  }

  /// What images have of it: as they were made last, or of the newest snapshot alone.
  ///
  /// - Throws: what cache and store throw.
  public func escalation(_ cache: any ActionCache, ofNewest: Bool = false) throws -> Escalation {
    let known = try ofNewest ? collector.known(in: cache) : collector.last(in: cache)
    let fixes = fixes()
    var affected: [Label: [Escalation.Finding]] = [:]
    var fixed: [Label] = []
    for (label, set) in known.sets {
      var findings: [Escalation.Finding] = []
      var hasFix = false
      for package in set.packages {
        guard let fix = fixes[package.name] else { continue }
        let evr = "\(package.epoch):\(package.version)-\(package.release)"
        if pool_evrcmp_str(pool.pointer, evr, fix, 0) < 0 {
          findings.append(.init(package: package, fixedIn: fix, path: path(of: package, in: label)))
        } else {
          hasFix = true
        }
      }
      if !findings.isEmpty { affected[label] = findings } else if hasFix { fixed.append(label) }
    }
    var notices: Set<Escalation.Notice> = []
    for advisory in advisories {
      notices.insert(
        .init(
          id: advisory.id, type: advisory.type, severity: advisory.severity, title: advisory.title,
          cves: advisory.cves))
    }
    return Escalation(
      notices: notices.sorted { $0.id.precedesInBytes($1.id) },
      affected: affected.map { label, findings in
        .init(
          label: label,
          batch: owners(of: label).filter { affected[$0] != nil && $0 != label }.count + 1, findings: findings
        )
      }, fixed: fixed, unknown: known.unknown)
  }

  /// The newest version of each package that mends it, by name.
  private func fixes() -> [String: String] {
    var fixes: [String: String] = [:]
    for package in advisories.flatMap(\.packages) {
      if let other = fixes[package.name], pool_evrcmp_str(pool.pointer, package.evr, other, 0) <= 0 {
        continue
      }
      fixes[package.name] = package.evr
    }
    return fixes
  }

  /// The targets whose locks an image stands on, those below first, itself included.
  private func owners(of label: Label) -> [Label] {
    let nodes = collector.locks(of: label) ?? []
    var owners = nodes.map { compiled.graph.label(of: $0) }
    owners.append(label)
    return PackagePool.unique(owners)
  }

  private func path(of package: PackageSet.Package, in label: Label) -> [Label] {
    let nodes = collector.locks(of: label) ?? []
    let origin = nodes.first { compiled.graph.name(of: $0) == package.lock }.map {
      compiled.graph.label(of: $0)
    }
    let owners = owners(of: label)
    return Array(owners[(origin.flatMap { owners.firstIndex(of: $0) } ?? owners.startIndex)...])
  }
}
