namespace Fluxion.Ledger.Session;

/// <summary>
/// The unique constraints of a ledger. Clients choose some of the values: two clients may choose the same one concurrently, and the second
/// one gets 409. A violation of any other constraint is a defect of the ledger (500), because commands hold locks that prevent it.
/// </summary>
public static class UniqueConstraints
{
    /// <summary>
    /// Names of the constraints and indexes whose violation gives 409: of Marten's documents, of the read models, and of the registry.
    /// </summary>
    public static readonly IReadOnlySet<string> AlreadyExists = new HashSet<string>
    {
        "mt_doc_user_uidx_email",
        "users_tenant_id_email_key",
        "tenant_users_tenant_id_email_key",
        "mt_doc_store_uidx_code",
        "stores_tenant_id_code_key",
        "mt_doc_category_uidx_code",
        "categories_tenant_id_code_key",
        "mt_doc_supplier_uidx_code",
        "suppliers_tenant_id_code_key",
        "mt_doc_product_uidx_code",
        "idx_products_tenant_sku",
        "mt_doc_purchaseorder_uidx_code",
        "purchase_orders_tenant_id_order_number_key",
        "mt_doc_sale_uidx_invoice_numberstore_id",
        "mt_doc_sale_uidx_unique_pos_transaction_idstore_id",
        "sales_tenant_id_store_id_invoice_number_key",
        "replays_one_running",
    };

    /// <summary>
    /// Names of constraints that only a defect of the ledger violates. Primary keys are such constraints too, and are not listed.
    /// </summary>
    public static readonly IReadOnlySet<string> Internal = new HashSet<string>
    {
        "inventory_product_id_store_id_key",
        "transfer_items_transfer_id_product_id_key",
        "idx_alerts_one_open",
        "ledger_seals_from_sequence_key",
    };

    public static bool MeansAlreadyExists(string? constraint) => constraint is not null && AlreadyExists.Contains(constraint);
}
