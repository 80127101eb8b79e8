using Fluxion.Ledger.Catalog;

namespace Fluxion.Host.Demo;

/// <summary>The catalog of the demo tenant. Prices are in US dollars, taxes in percent; basic foods are exempt from VAT (IVA).</summary>
internal static class DemoCatalog
{
    public sealed record DemoProduct(
        string Sku,
        string Barcode,
        string Name,
        string Description,
        string Category,
        string Supplier,
        string Unit,
        decimal Cost,
        decimal Price,
        decimal Tax,
        decimal ReorderPoint
    );

    public static readonly (string Code, StoreDetails Details)[] Stores =
    [
        (
            "CCS-01",
            new StoreDetails(
                "Tienda Chacao",
                "store",
                new Address("Av. Francisco de Miranda", "Caracas", "Miranda", "1060", "VE"),
                new Contact("+58-212-2631000", "chacao@fluxion.demo", "Luisa Pérez")
            )
        ),
        (
            "VLN-01",
            new StoreDetails(
                "Depósito Valencia",
                "warehouse",
                new Address("Zona Industrial Sur", "Valencia", "Carabobo", "2003", "VE"),
                new Contact("+58-241-8320000", "valencia@fluxion.demo", "José Rodríguez")
            )
        ),
        (
            "MCY-01",
            new StoreDetails(
                "Centro de Distribución Maracay",
                "distribution_center",
                new Address("Av. Intercomunal", "Maracay", "Aragua", "2101", "VE"),
                new Contact("+58-243-2450000", "maracay@fluxion.demo", "Carmen Díaz")
            )
        ),
    ];

    public static readonly (string Code, SupplierDetails Details)[] Suppliers =
    [
        (
            "POLAR",
            new SupplierDetails("Empresas Polar, S.A.", "Polar", "J-30105123-8", "Ana Jiménez", "+58-212-2024000", PaymentTerms: "30 días")
        ),
        (
            "MONACA",
            new SupplierDetails(
                "Molinos Nacionales, C.A.",
                "Monaca",
                "J-00012926-6",
                "Pedro Gómez",
                "+58-212-2085000",
                PaymentTerms: "30 días"
            )
        ),
        (
            "NESTLE",
            new SupplierDetails(
                "Nestlé Venezuela, S.A.",
                "Nestlé",
                "J-00013026-4",
                "María Torres",
                "+58-212-9010000",
                PaymentTerms: "45 días"
            )
        ),
        (
            "SANTABARBARA",
            new SupplierDetails(
                "Lácteos Santa Bárbara, C.A.",
                "Santa Bárbara",
                "J-07013380-5",
                "Rafael Urdaneta",
                "+58-275-5550000",
                PaymentTerms: "15 días"
            )
        ),
        (
            "COLGATE",
            new SupplierDetails(
                "Colgate Palmolive, C.A.",
                "Colgate",
                "J-00061748-1",
                "Elena Rivas",
                "+58-241-8135000",
                PaymentTerms: "30 días"
            )
        ),
        (
            "AGROARAGUA",
            new SupplierDetails(
                "Agropecuaria Aragua, C.A.",
                "AgroAragua",
                "J-30551234-5",
                "Luis Mendoza",
                "+58-243-2330000",
                PaymentTerms: "7 días"
            )
        ),
    ];

    /// <summary>The categories, parents before their children.</summary>
    public static readonly (string Code, string Name, string? Parent)[] Categories =
    [
        ("ALIMENTOS", "Alimentos", null),
        ("LACTEOS", "Lácteos", "ALIMENTOS"),
        ("QUESOS", "Quesos", "LACTEOS"),
        ("HARINAS", "Harinas y granos", "ALIMENTOS"),
        ("DESPENSA", "Despensa", "ALIMENTOS"),
        ("FRESCOS", "Frutas y verduras", "ALIMENTOS"),
        ("BEBIDAS", "Bebidas", null),
        ("HOGAR", "Hogar", null),
        ("LIMPIEZA", "Limpieza", "HOGAR"),
        ("HIGIENE", "Higiene personal", "HOGAR"),
        ("FERRETERIA", "Ferretería", "HOGAR"),
    ];

    /// <summary>A case of 12 of one product, with a barcode of its own.</summary>
    public static readonly (string Sku, ProductBarcode Barcode) Case = (
        "LAC001",
        new ProductBarcode("17591234567891", Unit: "case", PackQuantity: 12)
    );

    public static readonly DemoProduct[] Products =
    [
        new(
            "LAC001",
            "7591234567894",
            "Leche Entera Santa Bárbara 1L",
            "Leche entera pasteurizada",
            "LACTEOS",
            "POLAR",
            "unit",
            2.50m,
            3.25m,
            16m,
            24
        ),
        new(
            "LAC002",
            "7591234567900",
            "Leche en Polvo 900 g",
            "Leche completa en polvo",
            "LACTEOS",
            "NESTLE",
            "unit",
            7.80m,
            9.90m,
            0m,
            20
        ),
        new(
            "LAC003",
            "7591234567917",
            "Yogur Natural 1 kg",
            "Yogur firme natural",
            "LACTEOS",
            "SANTABARBARA",
            "unit",
            2.10m,
            2.95m,
            16m,
            18
        ),
        new(
            "LAC004",
            "7591234567924",
            "Mantequilla con Sal 250 g",
            "Mantequilla de vaca",
            "LACTEOS",
            "SANTABARBARA",
            "unit",
            1.95m,
            2.75m,
            16m,
            15
        ),
        new(
            "QUE001",
            "2000000000015",
            "Queso Blanco Duro",
            "Queso llanero, al corte",
            "QUESOS",
            "SANTABARBARA",
            "kg",
            4.60m,
            6.40m,
            0m,
            12.5m
        ),
        new("QUE002", "2000000000022", "Queso Guayanés", "Queso fresco, al corte", "QUESOS", "SANTABARBARA", "kg", 5.20m, 7.30m, 0m, 10),
        new("QUE003", "2000000000039", "Queso Amarillo", "Queso madurado, al corte", "QUESOS", "SANTABARBARA", "kg", 7.90m, 10.80m, 16m, 8),
        new(
            "HAR001",
            "7591002000011",
            "Harina P.A.N. Blanca 1 kg",
            "Harina de maíz precocida",
            "HARINAS",
            "POLAR",
            "unit",
            0.95m,
            1.25m,
            0m,
            120
        ),
        new(
            "HAR002",
            "7591002000028",
            "Harina P.A.N. Amarilla 1 kg",
            "Harina de maíz precocida",
            "HARINAS",
            "POLAR",
            "unit",
            0.98m,
            1.30m,
            0m,
            60
        ),
        new("HAR003", "7591002000035", "Harina de Trigo Robin Hood 1 kg", "Leudante", "HARINAS", "MONACA", "unit", 1.10m, 1.50m, 0m, 50),
        new("ARR001", "7591002000042", "Arroz Primor 1 kg", "Grano entero", "HARINAS", "POLAR", "unit", 1.05m, 1.40m, 0m, 100),
        new("PAS001", "7591002000059", "Pasta Primor Vermicelli 1 kg", "Sémola durum", "HARINAS", "POLAR", "unit", 1.60m, 2.15m, 0m, 80),
        new(
            "CAR001",
            "7591002000066",
            "Caraotas Negras 500 g",
            "Granos seleccionados",
            "HARINAS",
            "AGROARAGUA",
            "unit",
            1.15m,
            1.60m,
            0m,
            40
        ),
        new("LEN001", "7591002000073", "Lentejas 500 g", "Granos seleccionados", "HARINAS", "AGROARAGUA", "unit", 1.05m, 1.45m, 0m, 30),
        new("ACE001", "7591003000010", "Aceite Mazeite 1 L", "Aceite comestible", "DESPENSA", "POLAR", "unit", 3.10m, 4.05m, 0m, 48),
        new("AZU001", "7591003000027", "Azúcar Montalbán 1 kg", "Azúcar refinada", "DESPENSA", "AGROARAGUA", "unit", 1.20m, 1.60m, 0m, 60),
        new("SAL001", "7591003000034", "Sal Celestial 1 kg", "Sal fina yodada", "DESPENSA", "AGROARAGUA", "unit", 0.40m, 0.65m, 0m, 30),
        new("CAF001", "7591003000041", "Café Fama de América 500 g", "Molido", "DESPENSA", "AGROARAGUA", "unit", 4.80m, 6.50m, 0m, 36),
        new("MAY001", "7591003000058", "Mayonesa Mavesa 445 g", "Frasco", "DESPENSA", "POLAR", "unit", 2.30m, 3.10m, 16m, 30),
        new("SAR001", "7591003000065", "Sardinas en Aceite 170 g", "Lata", "DESPENSA", "AGROARAGUA", "unit", 0.85m, 1.20m, 0m, 48),
        new("CHO001", "7591003000072", "Chocolate Savoy de Leche 130 g", "Tableta", "DESPENSA", "NESTLE", "unit", 1.70m, 2.40m, 16m, 40),
        new("GAL001", "7591003000089", "Galletas María 250 g", "Paquete", "DESPENSA", "NESTLE", "unit", 0.90m, 1.30m, 16m, 40),
        new("CER001", "7591003000096", "Cereal de Maíz 500 g", "Caja", "DESPENSA", "NESTLE", "box", 3.40m, 4.60m, 16m, 18),
        new("TOM001", "2000000000046", "Tomate Perita", "Fresco", "FRESCOS", "AGROARAGUA", "kg", 0.90m, 1.50m, 0m, 25),
        new("CEB001", "2000000000053", "Cebolla Blanca", "Fresca", "FRESCOS", "AGROARAGUA", "kg", 0.80m, 1.30m, 0m, 25),
        new("PLA001", "2000000000060", "Plátano Macho", "Maduro o verde", "FRESCOS", "AGROARAGUA", "kg", 0.70m, 1.15m, 0m, 30),
        new("PAP001", "2000000000077", "Papa Lavada", "Fresca", "FRESCOS", "AGROARAGUA", "kg", 0.75m, 1.20m, 0m, 40),
        new("AGU001", "7591004000019", "Agua Mineral Minalba 1,5 L", "Sin gas", "BEBIDAS", "POLAR", "unit", 0.60m, 0.95m, 16m, 72),
        new("REF001", "7591004000026", "Pepsi 2 L", "Gaseosa", "BEBIDAS", "POLAR", "unit", 1.30m, 1.85m, 16m, 60),
        new("MAL001", "7591004000033", "Maltín Polar 1,5 L", "Malta", "BEBIDAS", "POLAR", "unit", 1.50m, 2.10m, 16m, 48),
        new(
            "CRV001",
            "7591004000040",
            "Cerveza Polar Pilsen (caja de 36)",
            "Botella 222 ml",
            "BEBIDAS",
            "POLAR",
            "case",
            18.00m,
            23.50m,
            16m,
            10
        ),
        new("JUG001", "7591004000057", "Jugo Yukery Durazno 1 L", "Néctar", "BEBIDAS", "POLAR", "unit", 1.25m, 1.80m, 16m, 36),
        new("DET001", "7591005000018", "Detergente Las Llaves 1 kg", "En polvo", "LIMPIEZA", "POLAR", "unit", 2.20m, 3.00m, 16m, 36),
        new("LAV001", "7591005000025", "Lavaplatos Axion 425 g", "En crema", "LIMPIEZA", "COLGATE", "unit", 1.40m, 2.00m, 16m, 30),
        new("CLO001", "7591005000032", "Cloro Nevex", "A granel", "LIMPIEZA", "COLGATE", "liter", 0.55m, 0.95m, 16m, 50),
        new("DES001", "7591005000049", "Desinfectante Lavanda", "A granel", "LIMPIEZA", "COLGATE", "liter", 0.80m, 1.35m, 16m, 40),
        new("JAB001", "7591006000017", "Jabón Protex 110 g", "De tocador", "HIGIENE", "COLGATE", "unit", 0.85m, 1.25m, 16m, 60),
        new("CRE001", "7591006000024", "Crema Dental Colgate 90 g", "Triple acción", "HIGIENE", "COLGATE", "unit", 1.35m, 1.95m, 16m, 48),
        new("PAP002", "7591006000031", "Papel Higiénico (paquete de 4)", "Doble hoja", "HIGIENE", "COLGATE", "box", 1.60m, 2.30m, 16m, 48),
        new("CAB001", "2000000000084", "Cable Eléctrico THW 12", "Por metro", "FERRETERIA", "AGROARAGUA", "meter", 0.55m, 0.95m, 16m, 100),
    ];

    public static readonly (
        string Number,
        string Store,
        string Supplier,
        bool IsConfirmed,
        (string Sku, decimal Quantity)[] Lines
    )[] PurchaseOrders =
    [
        ("OC-1001", "VLN-01", "POLAR", false, [("HAR001", 240), ("PAS001", 96)]),
        ("OC-1002", "CCS-01", "POLAR", true, [("LAC001", 48), ("MAL001", 96), ("REF001", 60)]),
        ("OC-1003", "CCS-01", "COLGATE", true, [("CRE001", 60), ("JAB001", 120)]),
    ];

    /// <summary>The delivery received so far for one of the orders.</summary>
    public static readonly (string Order, string Reference, (string Sku, decimal Quantity)[] Lines) Delivery = (
        "OC-1003",
        "NE-4711",
        [("CRE001", 40), ("JAB001", 120)]
    );
}
